//! The table of damages in `docs/vault.md`.

use keylatch::Error;

const PAGE: &str = include_str!("../../../docs/vault.md");
const HEADING: &str = "| Damage | Error | What it says |";

/// What the page promises for one damage.
pub(crate) struct Row {
    name: String,
    kind: String,
    sentence: String,
}

impl Row {
    /// The error is the one of this row; `names` are what stands for the capitals of the sentence here.
    pub(crate) fn tells(&self, error: &Error, names: &[(&str, &str)]) {
        let mut expected = self.sentence.clone();
        for (placeholder, name) in names {
            assert!(expected.contains(placeholder), "{}: {placeholder} stands in the sentence", self.name);
            expected = expected.replace(placeholder, name);
        }
        assert_eq!((error.kind().code(), error.message()), (self.kind.as_str(), expected.as_str()), "{}", self.name);
    }

    /// The page promises that nothing fails.
    pub(crate) fn is_no_error(&self) {
        assert_eq!(self.kind, "none", "{}", self.name);
    }
}

/// The names of all rows, sorted.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = rows().map(|row| row.name).collect();
    names.sort();
    names
}

pub(crate) fn row(name: &str) -> Row {
    rows().find(|row| row.name == name).unwrap_or_else(|| panic!("docs/vault.md has no row `{name}`"))
}

fn rows() -> impl Iterator<Item = Row> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(HEADING)).skip(2);
    lines.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let plain = |at: usize| cells[at].trim_matches('`').to_owned();
        Row { name: plain(0), kind: plain(1), sentence: cells[2].to_owned() }
    })
}
