//! Files that are not what was exported: none of them leaves anything in the importing vault.

use std::path::Path;

use keylatch::{Client, ErrorKind, ImportVault, OpenWith, SealFor, Secret};

use crate::{Folder, IDENTITY, import_of, is_empty};

/// Magic, version, kind, the ephemeral key, and the sealed key of the file.
const HEADER: usize = 16 + 2 + 32 + 73;
/// A whole piece of the content with its tag.
const PIECE: usize = 64 * 1024 + 16;

const OTHER_IDENTITY: &str = "AGE-SECRET-KEY-1NJZL95TX9EZ8FN6RHNWGT4YR5GVYT8XZ67HJDKTZQUFM8TPVRFYSEJLM3L";

struct Broken {
    folder: Folder,
    whole: Vec<u8>,
    to: Client,
}

impl Broken {
    /// An export of a few pieces, and an empty vault.
    fn new() -> Self {
        let folder = Folder::new();
        let (_, path) = folder.export(200);
        let whole = std::fs::read(path).unwrap();
        assert!(whole.len() > HEADER + 3 * PIECE);
        let to = folder.vault("to.db");
        Self { folder, whole, to }
    }

    fn error_of(&self, bytes: &[u8], with: OpenWith) -> ErrorKind {
        let path = self.folder.path("broken.export");
        std::fs::write(&path, bytes).unwrap();
        let error = self.to.import_vault(ImportVault::new(&path, with)).unwrap_err();
        assert!(is_empty(&self.to), "{error}");
        error.kind()
    }

    fn error(&self, bytes: &[u8]) -> ErrorKind {
        self.error_of(bytes, OpenWith::Identity(Secret::new(IDENTITY.as_bytes())))
    }

    fn flipped(&self, at: usize) -> ErrorKind {
        let mut bytes = self.whole.clone();
        bytes[at] ^= 1;
        self.error(&bytes)
    }

    /// Where each piece begins, and where the file ends.
    fn borders(&self) -> Vec<usize> {
        (HEADER..self.whole.len()).step_by(PIECE).chain([self.whole.len()]).collect()
    }
}

#[test]
fn a_file_that_was_cut_is_refused_wherever_it_was() {
    let broken = Broken::new();
    for at in (0..=HEADER).chain([HEADER + 1, HEADER + PIECE / 2]) {
        assert_eq!(broken.error(&broken.whole[..at]), ErrorKind::CorruptRecord, "cut at {at}");
    }
    let borders = broken.borders();
    for at in &borders[..borders.len() - 1] {
        for cut in [at - 1, *at, at + 1, at + 16] {
            assert_eq!(broken.error(&broken.whole[..cut]), ErrorKind::CorruptRecord, "cut at {cut}");
        }
    }
    assert_eq!(broken.error(&broken.whole[..broken.whole.len() - 1]), ErrorKind::CorruptRecord);
    let path = broken.folder.path("moved.export");
    assert_eq!(broken.to.import_vault(import_of(&path)).unwrap().connections, 200, "the whole file is fine");
}

#[test]
fn a_file_with_a_changed_byte_is_refused_wherever_it_is() {
    let broken = Broken::new();
    for at in 0..HEADER {
        let expected: &[ErrorKind] = match at {
            0..16 => &[ErrorKind::InvalidArgument],
            16 => &[ErrorKind::CorruptRecord],
            17 => &[ErrorKind::CorruptRecord, ErrorKind::WrongKey],
            _ => &[ErrorKind::WrongKey],
        };
        let kind = broken.flipped(at);
        assert!(expected.contains(&kind), "byte {at}: {kind:?}");
    }
    for piece in broken.borders().windows(2) {
        let [begin, end] = [piece[0], piece[1]];
        for at in [begin, begin + 4, (begin + end) / 2, end - 17, end - 16, end - 1] {
            assert_eq!(broken.flipped(at), ErrorKind::CorruptRecord, "byte {at}");
        }
    }
}

#[test]
fn pieces_that_are_missing_moved_repeated_or_added_are_noticed() {
    let broken = Broken::new();
    let borders = broken.borders();
    let piece = |n: usize| &broken.whole[borders[n]..borders[n + 1]];
    let last = borders.len() - 2;
    let file = |order: &[usize]| {
        let pieces: Vec<u8> = order.iter().flat_map(|n| piece(*n).to_vec()).collect();
        [&broken.whole[..HEADER], &pieces].concat()
    };
    let all: Vec<usize> = (0..=last).collect();
    assert_eq!(file(&all), broken.whole);
    let mut swapped = all.clone();
    swapped.swap(0, 1);
    for order in
        [swapped, all[1..].to_vec(), [&[0], &all[..]].concat(), [&all[..], &[last]].concat(), vec![last], vec![0]]
    {
        assert_eq!(broken.error(&file(&order)), ErrorKind::CorruptRecord, "{order:?}");
    }
    assert_eq!(broken.error(&[&broken.whole[..], &[0]].concat()), ErrorKind::CorruptRecord);
}

#[test]
fn only_what_it_was_sealed_for_opens_it() {
    let broken = Broken::new();
    let secret = |text: &str| Secret::new(text.as_bytes());
    let kind = |with| broken.error_of(&broken.whole, with);
    assert_eq!(kind(OpenWith::Identity(secret(OTHER_IDENTITY))), ErrorKind::WrongKey);
    assert_eq!(kind(OpenWith::Passphrase(secret("a passphrase"))), ErrorKind::WrongKey);
    assert_eq!(kind(OpenWith::Identity(secret("no identity"))), ErrorKind::InvalidArgument);
    assert_eq!(kind(OpenWith::Identity(secret(crate::RECIPIENT))), ErrorKind::InvalidArgument);
    // The point that makes every shared secret the same.
    let mut weak = broken.whole.clone();
    weak[18..50].fill(0);
    assert_eq!(broken.error(&weak), ErrorKind::CorruptRecord);
    let no_file = broken.to.import_vault(import_of(Path::new("missing.export"))).unwrap_err();
    assert_eq!(no_file.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_passphrase_is_checked_and_weak_parameters_are_refused() {
    let folder = Folder::new();
    let from = folder.vault("from.db");
    crate::fill(&from, 2);
    let path = folder.path("by-passphrase.export");
    let secret = |text: &str| Secret::new(text.as_bytes());
    let empty = from.export_vault(&path, SealFor::Passphrase(secret(""))).unwrap_err();
    assert_eq!((empty.kind(), empty.fields()), (ErrorKind::InvalidArgument, &["passphrase".to_owned()][..]));
    from.export_vault(&path, SealFor::Passphrase(secret("right"))).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let to = folder.vault("to.db");
    let broken = Broken { folder, whole, to };
    let kind = |bytes: &[u8], text| broken.error_of(bytes, OpenWith::Passphrase(secret(text)));
    assert_eq!(kind(&broken.whole, "wrong"), ErrorKind::WrongKey);
    assert_eq!(kind(&broken.whole, ""), ErrorKind::InvalidArgument);
    assert_eq!(broken.error(&broken.whole), ErrorKind::WrongKey, "an identity is no passphrase");
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = broken.whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let number = |at, n: u32| with(at, &n.to_le_bytes());
    for (what, weak) in [
        ("little memory", number(18, 18 * 1024)),
        ("more memory than there is", number(18, u32::MAX)),
        ("one pass", number(22, 1)),
        ("too many passes", number(22, 65)),
        ("no lanes", number(26, 0)),
        ("more lanes than there may be", number(26, u32::MAX)),
    ] {
        assert_eq!(kind(&weak, "right"), ErrorKind::CorruptRecord, "{what}");
    }
    assert_eq!(kind(&number(22, 4), "right"), ErrorKind::WrongKey, "other parameters make another key");
    assert_eq!(kind(&with(30, &[0; 16]), "right"), ErrorKind::WrongKey, "another salt too");
    assert_eq!(kind(&with(16, &[2]), "right"), ErrorKind::CorruptRecord, "a later version");
    assert_eq!(kind(&with(17, &[9]), "right"), ErrorKind::CorruptRecord, "a way that only later versions know");
    let right = ImportVault::new(broken.folder.path("by-passphrase.export"), OpenWith::Passphrase(secret("right")));
    assert_eq!(broken.to.import_vault(right).unwrap().connections, 2);
}
