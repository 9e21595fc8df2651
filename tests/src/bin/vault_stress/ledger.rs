//! What a vault must hold: all that was answered, and of a change that was cut off either all or nothing.

use std::collections::BTreeMap;

use crate::backups;
use crate::change::{Change, Kept, Kind};

/// What may be there of a connection.
pub(crate) type Possible = Vec<Option<Kept>>;

/// What processes have said of the connections of some users.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    possible: BTreeMap<String, Possible>,
    /// Announced and neither answered nor refused, and what was possible before.
    under_way: Option<(Change, Possible)>,
    /// Changes that were cut off, with nothing written since. They may come true yet: SQLite finds in its log what the
    /// process had written whole but not shown to others, when it recovers or, else, writes over it.
    cut_off: Vec<Change>,
    /// What the backups that were answered may hold, by their names.
    pub(crate) backups: BTreeMap<String, BTreeMap<String, Possible>>,
    /// How many changes were answered.
    pub(crate) answered: usize,
    /// The errors that were answered instead, by their codes.
    pub(crate) refused: BTreeMap<String, usize>,
}

/// A change that was cut off, and whether it had been made.
pub(crate) type CutOff = Option<(Change, bool)>;

impl Ledger {
    /// Of users without connections.
    pub(crate) fn of(users: &[String]) -> Self {
        Self { possible: users.iter().map(|user| (user.clone(), vec![None])).collect(), ..Self::default() }
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &String> {
        self.possible.keys()
    }

    /// Takes down a line of a process's.
    pub(crate) fn write(&mut self, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("begin", change) => {
                let change: Change = change.parse().expect("a change");
                let possible = self.possible.get_mut(&change.user).expect("one of these users");
                let before = possible.clone();
                possible.extend(before.iter().map(|kept| change.applied(*kept)));
                self.under_way = Some((change, before));
            }
            ("done", "") => {
                let (change, before) = self.under_way.take().expect("begun before it is done");
                let after = before.iter().map(|kept| change.applied(*kept)).collect();
                if change.kind == Kind::Backup {
                    self.backups.insert(backups::file_name(&change), self.possible.clone());
                }
                self.possible.insert(change.user, after);
                self.cut_off.clear();
                self.answered += 1;
            }
            ("failed", code) => {
                if let Some((change, before)) = self.under_way.take() {
                    self.possible.insert(change.user, before); // an error means that nothing was done
                }
                *self.refused.entry(code.to_owned()).or_default() += 1;
            }
            _ => panic!("a process said {line:?}"),
        }
    }

    /// What is wrong with what is there when the process is gone; then goes on from that.
    pub(crate) fn compare(&mut self, there: &BTreeMap<String, Kept>) -> (Vec<String>, CutOff) {
        let under_way = self.under_way.take();
        self.cut_off.extend(under_way.iter().map(|(change, _)| change.clone()));
        let mut wrong = Vec::new();
        for (user, possible) in &mut self.possible {
            let found = there.get(user).copied();
            if !possible.contains(&found) {
                wrong.push(format!("{user}: there is {found:?}, not one of {possible:?}"));
            }
            *possible = vec![found];
            for change in self.cut_off.iter().filter(|change| change.user == *user) {
                possible.extend(possible.clone().into_iter().map(|kept| change.applied(kept)));
            }
        }
        let cut_off = under_way.map(|(change, before)| {
            let made = !before.contains(&there.get(&change.user).copied());
            (change, made)
        });
        (wrong, cut_off)
    }
}
