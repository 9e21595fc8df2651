//! How telling the form of a credential is: what its pattern says that values begin with, and whether that points to one app.
//! The build script uses this file too.

/// Fewer characters than this are chance.
const FEWEST: usize = 3;
/// With this many, a value is more likely of that app than of any other.
const CLEAR: usize = 4;
/// What tokens and keys of everybody begin with: JSON Web Tokens, PEM.
const OF_EVERYBODY: [&str; 2] = ["eyJ", PEM];
const PEM: &str = "-----";
/// A beginning that is one of these words alone says what a value is for, but not whose it is.
const COMMON: [&str; 17] = [
    "sk", "pk", "rk", "api", "key", "pat", "sat", "app", "live", "test", "prod", "secret", "token", "access", "public",
    "private", "user",
];
/// Patterns with more beginnings than this are taken to have none.
const MOST: usize = 64;
/// Groups within groups beyond this are no pattern: the reader of patterns itself takes 50.
const DEEPEST: usize = 50;

/// How well a value fits a pattern whose values are told from those of others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// How many of its characters the pattern writes out: more is more specific.
    pub(crate) length: usize,
    /// Whether that is enough to say so unasked.
    pub(crate) clear: bool,
}

/// What a pattern tells of its values.
pub(crate) struct Form {
    /// What they begin with, where that tells anything.
    beginnings: Vec<String>,
    /// The length of what stands in the midst of all of them.
    inner: usize,
}

impl Form {
    pub(crate) fn of(pattern: &str) -> Self {
        let beginnings = beginnings(pattern).into_iter().filter(|beginning| tells(beginning)).collect();
        Self { beginnings, inner: inner(pattern) }
    }

    /// Whether its values can be told from those of other apps at all.
    pub(crate) fn is_telling(&self) -> bool {
        !self.beginnings.is_empty() || self.inner >= FEWEST
    }

    /// How well a value that matches the pattern fits it; none where it might as well be of another app.
    pub(crate) fn fit(&self, value: &str) -> Option<Fit> {
        let mine = self.beginnings.iter().filter(|beginning| value.starts_with(beginning.as_str()));
        match mine.max_by_key(|beginning| beginning.len()) {
            Some(beginning) => {
                let word = beginning.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                let clear = beginning.len() >= CLEAR && !COMMON.contains(&word);
                Some(Fit { length: beginning.len(), clear })
            }
            None => Some(Fit { length: self.inner, clear: false }).filter(|fit| fit.length >= FEWEST),
        }
    }
}

fn tells(beginning: &str) -> bool {
    beginning.len() >= FEWEST && !OF_EVERYBODY.iter().any(|common| beginning.starts_with(common))
}

/// The texts that matches of a pattern begin with, one for each way to match; empty where that way begins with anything.
pub(crate) fn beginnings(pattern: &str) -> Vec<String> {
    let mut reader = Reader { rest: pattern, depth: 0, gave_up: false };
    let found = reader.alternatives();
    if reader.rest.is_empty() && !reader.gave_up && found.len() <= MOST {
        found.into_iter().map(|start| start.text).collect()
    } else {
        vec![String::new()]
    }
}

/// The longest text with a letter in it that stands in the midst of every match, as in `^[0-9a-f]{32}-us[0-9]$`.
fn inner(pattern: &str) -> usize {
    if pattern.contains(PEM) {
        return 0;
    }
    let (mut runs, mut depth, mut escaped) = (vec![String::new()], 0, false);
    for c in pattern.chars() {
        let plain = (escaped != c.is_ascii_alphanumeric()) || matches!(c, '-' | '_' | ':' | '@');
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '|' if !escaped && depth == 0 => return 0,
            '[' | '(' if !escaped => depth += 1,
            ']' | ')' if !escaped => depth -= 1,
            _ if plain && depth == 0 => {
                runs.last_mut().expect("there is one").push(c);
                escaped = false;
                continue;
            }
            // What is repeated may be absent.
            '?' | '*' | '+' | '{' if !escaped => drop(runs.last_mut().expect("there is one").pop()),
            _ => {}
        }
        depth += i32::from(c == '{' && !escaped) - i32::from(c == '}' && !escaped);
        escaped = false;
        runs.push(String::new());
    }
    let telling = |run: &&String| run.contains(|c: char| c.is_ascii_alphabetic());
    // The beginning is not its midst; behind `^` stands the second run.
    runs.iter().skip(2).filter(telling).map(String::len).max().unwrap_or(0)
}

/// A way to begin.
struct Start {
    text: String,
    /// Whether all of it is written out, so that what follows belongs to it.
    open: bool,
}

/// What is left of a pattern, and how deep in groups that is.
struct Reader<'p> {
    rest: &'p str,
    depth: usize,
    /// There is something that is not read here.
    gave_up: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Up to the end or the `)` that ends this group.
    fn alternatives(&mut self) -> Vec<Start> {
        let mut all = self.sequence();
        while self.rest.starts_with('|') {
            self.next();
            all.extend(self.sequence());
        }
        all
    }

    fn sequence(&mut self) -> Vec<Start> {
        // Without `^` a match may begin with whatever stands before it.
        let anchored = self.depth > 0 || self.rest.starts_with('^');
        let mut found = vec![Start { text: String::new(), open: anchored }];
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let mut piece = self.piece();
            if self.rest.starts_with(['?', '*', '+', '{']) {
                self.repetition();
                piece = anything();
            }
            let (open, shut): (Vec<Start>, Vec<Start>) = found.into_iter().partition(|start| start.open);
            found = shut;
            for start in &open {
                let joined = |next: &Start| Start { text: format!("{}{}", start.text, next.text), open: next.open };
                found.extend(piece.iter().map(joined));
            }
            if found.len() > MOST {
                found = anything();
            }
        }
        found
    }

    fn piece(&mut self) -> Vec<Start> {
        let literal = |c: char| vec![Start { text: c.to_string(), open: true }];
        match self.next() {
            Some('(') => self.group(),
            Some('[') => self.class(),
            Some('\\') => match self.next() {
                Some(c) if !c.is_ascii_alphanumeric() => literal(c),
                _ => anything(),
            },
            Some('^') => vec![Start { text: String::new(), open: true }],
            None | Some('.' | '$') => anything(),
            Some(c) => literal(c),
        }
    }

    fn group(&mut self) -> Vec<Start> {
        self.rest = self.rest.strip_prefix("?:").unwrap_or(self.rest);
        // Flags such as `(?i)` change what follows; and no pattern that is one goes deeper.
        if self.rest.starts_with('?') || self.depth == DEEPEST {
            (self.rest, self.gave_up) = ("", true);
            return anything();
        }
        self.depth += 1;
        let inner = self.alternatives();
        self.depth -= 1;
        self.next();
        inner
    }

    /// A few characters out of which one stands here, such as `[bp]`.
    fn class(&mut self) -> Vec<Start> {
        let Some(end) = self.rest.find(']') else {
            self.rest = "";
            return anything();
        };
        let members = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        if members.len() > 4 || members.contains(['-', '^', '\\']) {
            return anything();
        }
        members.chars().map(|c| Start { text: c.to_string(), open: true }).collect()
    }

    fn repetition(&mut self) {
        if self.next() == Some('{') {
            self.rest = self.rest.split_once('}').map_or("", |(_, rest)| rest);
        }
        self.rest = self.rest.strip_prefix('?').unwrap_or(self.rest);
    }
}

fn anything() -> Vec<Start> {
    vec![Start { text: String::new(), open: false }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_what_every_way_to_match_starts_with() {
        assert_eq!(beginnings("^sk_(live|test)_[0-9]+$"), ["sk_live_", "sk_test_"]);
        assert_eq!(beginnings("^(ghp_|[0-9a-f]{40}$)"), ["ghp_", ""]);
        assert_eq!(beginnings("^xox[bp]-"), ["xoxb-", "xoxp-"]);
        assert_eq!(beginnings(r"^SG\.x"), ["SG.x"]);
        assert_eq!(beginnings("^pat-[a-z]{2}[0-9]-"), ["pat-"]);
        assert_eq!(beginnings("^(waka_)?[0-9]"), [""]);
        assert_eq!(beginnings("^abc?d"), ["ab"]);
        assert_eq!(beginnings("^a|^bc"), ["a", "bc"]);
        assert_eq!(beginnings("^(?:a|b(c|d))e"), ["ae", "bce", "bde"]);
        assert_eq!(beginnings("^a|bc"), ["a", ""], "the second stands anywhere");
        assert_eq!(beginnings("^a(?i)b|^c"), [""], "in capitals too");
        assert_eq!(beginnings(&format!("^{}", "(".repeat(100_000))), [""]);
    }

    #[test]
    fn patterns_of_everybody_and_broken_ones_tell_nothing() {
        for pattern in [
            "^[0-9a-f]{32}$",
            "^eyJ",
            r"^\s*-----BEGIN PRIVATE KEY",
            "^sk",
            "^[0-9a-f]{8}-[0-9a-f]{4}-",
            "^(((",
            "",
            "^[",
        ] {
            assert!(!Form::of(pattern).is_telling(), "{pattern}");
        }
        for pattern in ["^sk-", "^[0-9a-f]{32}-us[0-9]{1,2}$", "^(eyJ|n8n_api_)", "^AIza"] {
            assert!(Form::of(pattern).is_telling(), "{pattern}");
        }
    }

    #[test]
    fn a_fit_is_as_specific_as_the_pattern_is_plain() {
        let found = |pattern, value| Form::of(pattern).fit(value).map(|fit| (fit.length, fit.clear));
        assert_eq!(found("^sk-ant-", "sk-ant-1"), Some((7, true)));
        assert_eq!(found("^sk-", "sk-ant-1"), Some((3, false)));
        assert_eq!(found("^(live|test)_", "live_1"), Some((5, false)), "a word that many use");
        assert_eq!(found("^(eyJ|n8n_api_)", "eyJ1"), None);
        assert_eq!(found("^[0-9a-f]{32}-us[0-9]{1,2}$", "0-us1"), Some((3, false)));
        assert_eq!(found("^[0-9a-f]{32}$", "0123"), None);
    }
}
