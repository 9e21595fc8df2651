//! Writes a target's derived seeds into a folder: `seeds TARGET FOLDER`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(target), Some(folder)) = (arguments.next(), arguments.next().map(PathBuf::from)) else {
        return Err(std::io::Error::other("seeds TARGET FOLDER"));
    };
    std::fs::create_dir_all(&folder)?;
    for (number, (_, input)) in keylatch_fuzz::seeds::of(&target).into_iter().enumerate() {
        std::fs::write(folder.join(format!("{number:04}")), input)?;
    }
    Ok(())
}
