//! Whose a credential could be, by its form alone: nothing is asked, nothing is kept.

use regex_lite::Regex;

use super::definition::AppDef;
use super::shape::{Fit, Form};
use super::{AppRef, Catalog, builtin, template};
use crate::app::KeyOrigin;
use crate::secret::Secret;

/// The most apps that a warning names.
const MOST_NAMED: usize = 3;

/// A field whose values look like the one at hand.
struct Likeness {
    app: String,
    auth_scheme: String,
    field: String,
    fit: Fit,
}

impl Catalog {
    /// The apps that this could be a credential of, the most specific form first.
    pub(crate) fn origins(&self, value: &Secret) -> Vec<KeyOrigin> {
        let text = value.expose_text().unwrap_or_default(); // expose: only looked at
        let found = self.likenesses(text.trim());
        let rivals = |one: &Likeness| found.iter().any(|o| o.app != one.app && o.fit.length >= one.fit.length);
        let origin = |one: &Likeness| {
            Some(KeyOrigin {
                app_name: self.find(&one.app)?.name.to_string(),
                app: one.app.clone(),
                auth_scheme: one.auth_scheme.as_str().into(),
                field: one.field.clone(),
                certain: one.fit.clear && !rivals(one),
            })
        };
        found.iter().filter_map(origin).collect()
    }

    /// What a value in a field of `slug` looks like instead: a sentence that names other apps. None where it has the form of
    /// no app in particular, of this one too, or of one by the same maker, whose apps may share their keys.
    pub(crate) fn looks_foreign(&self, slug: &str, value: &str) -> Option<String> {
        let own = self.find(slug)?;
        let found = self.likenesses(value);
        if found.iter().any(|one| one.app == own.slug.as_ref()) {
            return None;
        }
        let longest = found.iter().filter(|one| one.fit.clear).map(|one| one.fit.length).max()?;
        let best = found.iter().filter(|one| one.fit.clear && one.fit.length == longest);
        let apps: Vec<AppRef> = best.filter_map(|one| self.find(&one.app)).collect();
        if apps.iter().any(|app| same_maker(app, &own)) {
            return None;
        }
        let mut names: Vec<&str> = apps.iter().map(|app| app.name.as_ref()).collect();
        names.dedup();
        let more = names.len() > MOST_NAMED;
        names.truncate(MOST_NAMED);
        let listed = match names.as_slice() {
            all if more => format!("{} or others", all.join(", ")),
            [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
            all => all.concat(),
        };
        Some(format!("this looks like a key of {listed}"))
    }

    fn likenesses(&self, value: &str) -> Vec<Likeness> {
        let mut found: Vec<Likeness> = Vec::new();
        let mut add = |app: &str, auth_scheme: &str, field: &str, fit: Fit| {
            if !found.iter().any(|one| one.app == app && one.field == field) {
                let (app, auth_scheme, field) = (app.to_owned(), auth_scheme.to_owned(), field.to_owned());
                found.push(Likeness { app, auth_scheme, field, fit });
            }
        };
        for shape in builtin::shapes() {
            if let Some(fit) = shape.form.fit(value).filter(|_| shape.matches(value)) {
                add(shape.app, shape.auth_scheme, shape.field, fit);
            }
        }
        for app in self.custom_apps() {
            for (auth_scheme, field, pattern) in app.shapes() {
                let matches = || Regex::new(pattern).is_ok_and(|regex| regex.is_match(value));
                if let Some(fit) = Form::of(pattern).fit(value).filter(|_| matches()) {
                    add(&app.slug, auth_scheme, field, fit);
                }
            }
        }
        found.sort_by(|a, b| b.fit.length.cmp(&a.fit.length).then_with(|| a.app.cmp(&b.app)));
        found
    }
}

/// Whether the two have an address in one domain.
fn same_maker(one: &AppDef, other: &AppDef) -> bool {
    let of_other = domains(other);
    domains(one).iter().any(|domain| of_other.contains(domain))
}

/// The domains of an app's documentation and of its fixed hosts, such as `acme.com`.
fn domains(app: &AppDef) -> Vec<String> {
    let base_urls = app.schemes.iter().map(|scheme| scheme.base_url.as_ref());
    let hosts = base_urls.chain(app.docs_url.as_deref()).map(|url| template::host(url).to_ascii_lowercase());
    let domain = |host: String| {
        let mut labels = host.rsplitn(3, '.');
        let (last, name) = (labels.next()?, labels.next()?);
        (!name.contains(['{', '}']) && !last.contains(['{', '}'])).then(|| format!("{name}.{last}"))
    };
    hosts.filter_map(domain).collect()
}
