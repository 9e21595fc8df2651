//! Fields with a condition: which of an app's fields are asked for, given what is known of the others.

use crate::catalog::{FieldDef, When};
use crate::input::Values;

/// Whether the condition holds where the other field has the value that is known; `None` where none is.
pub(crate) fn holds(when: &When, values: &Values, also: &Values) -> Option<bool> {
    let value = values.get(&when.field).or_else(|| also.get(&when.field))?;
    let text = value.expose_text()?; // expose: only looked at
    Some(when.values.iter().any(|wanted| wanted == text))
}

/// The fields that are left to users, where the developer has fixed these values.
pub(crate) fn beside<'f>(fields: &'f [FieldDef], fixed: &Values) -> Vec<&'f FieldDef> {
    let nothing = Values::default();
    let open = |field: &&FieldDef| {
        let excluded = field.when.as_ref().is_some_and(|when| holds(when, fixed, &nothing) == Some(false));
        fixed.get(&field.name).is_none() && !excluded
    };
    fields.iter().filter(open).collect()
}

/// The names of those among `values` that belong to fields whose conditions no longer hold.
pub(crate) fn obsolete(fields: &[FieldDef], values: &Values, fixed: &Values) -> Vec<String> {
    let over = |field: &&FieldDef| field.when.as_ref().is_some_and(|when| holds(when, values, fixed) == Some(false));
    fields.iter().filter(over).map(|field| field.name.to_string()).collect()
}
