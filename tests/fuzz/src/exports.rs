//! Exports: no bytes are the beginning of one that nobody made; what an entry says stays the same when it is packed again; pieces
//! hold what was put into them, all of it or nothing.

use keylatch::fuzzing::exports::{in_pieces, opens, put_together, repacked};

use crate::input::Input;

const IDENTITY: &str = "AGE-SECRET-KEY-18U2AM2NXSMM3Z92G93LC35P0DZHAS5266V5QEZ3D4PUWQ9NF0XTSJPRM8G";
const KEY: [u8; 32] = [7; 32];
/// Of content in a few pieces.
const MOST: usize = 200_000;

pub(crate) fn run(data: &[u8]) {
    assert!(!opens(data, IDENTITY), "an export opens that nobody sealed");
    if let Some(again) = repacked(data) {
        assert_eq!(repacked(&again).as_ref(), Some(&again), "an entry changes when it is packed again");
    }
    let mut input = Input::new(data);
    let (times, at, change) = (usize::from(input.byte()) + 1, input.byte(), input.byte().max(1));
    let mut content = input.rest().repeat(times * times);
    content.truncate(MOST);
    let pieces = in_pieces(KEY, &content);
    assert_eq!(put_together(KEY, &pieces).as_ref(), Some(&content));
    let at = pieces.len() * usize::from(at) / 256;
    assert!(put_together(KEY, &pieces[..at]).is_none(), "cut pieces are believed");
    let mut changed = pieces;
    changed[at] ^= change;
    assert!(put_together(KEY, &changed).is_none(), "changed pieces are believed");
    changed[at] ^= change;
    changed.push(change);
    assert!(put_together(KEY, &changed).is_none(), "pieces with something behind them are believed");
}
