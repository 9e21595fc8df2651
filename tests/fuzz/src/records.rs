//! Sealed records: what was sealed opens again, in its place only; nothing else opens; packed values are what they were.

use keylatch::fuzzing::{Named, open, pack, seal, unpack};

use crate::input::Input;

const KEY: [u8; 32] = [7; 32];

pub(crate) fn run(data: &[u8]) {
    if let Some(found) = unpack(data) {
        assert_eq!(unpack(&pack(&found)).as_ref(), Some(&found), "values change when they are packed again");
    }
    let mut input = Input::new(data);
    let (place, other) = ([input.text(), input.text()], [input.text(), input.text()]);
    let (at, change) = (input.byte(), input.byte());
    let mut given = Named::new();
    while !input.is_empty() {
        let name = input.text().to_owned();
        given.retain(|(known, _)| *known != name);
        given.push((name, input.bytes().to_vec()));
    }
    let packed = pack(&given);
    assert_eq!(unpack(&packed), Some(given));
    for short in [1, 8, 9] {
        let cut = packed.len().saturating_sub(short);
        assert!(unpack(&packed[..cut]).is_none_or(|found| pack(&found) == packed[..cut]), "cut values are believed");
    }

    assert!(open(&KEY, &place, data).is_none(), "a record opens that nobody sealed");
    let sealed = seal(&KEY, &place, &packed).expect("the system gives random numbers");
    assert_eq!(open(&KEY, &place, &sealed), Some(packed));
    assert!(place == other || open(&KEY, &other, &sealed).is_none(), "a record opens in another place");
    let mut changed = sealed.clone();
    let at = usize::from(at) % changed.len();
    changed[at] ^= change.max(1);
    assert!(open(&KEY, &place, &changed).is_none(), "a changed record opens");
    assert!(open(&KEY, &place, &sealed[..at]).is_none(), "a cut record opens");
}
