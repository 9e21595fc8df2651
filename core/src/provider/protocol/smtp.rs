//! SMTP submission: EHLO, STARTTLS where wanted, AUTH PLAIN or LOGIN, QUIT. No mail is begun.
//!
//! <https://www.rfc-editor.org/rfc/rfc4954>, <https://www.rfc-editor.org/rfc/rfc5321>

use super::{Outcome, Roles, sasl};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

/// Longer command lines a server need not take.
const LONGEST_LINE: usize = 510;

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() == TlsMode::Verified {
        wire.start_tls()?;
    }
    let greeting = reply(wire)?;
    if greeting.code != 220 {
        return Ok(greeting.judged());
    }
    let mut hello = greet(wire)?;
    if wire.tls() == TlsMode::Upgraded {
        if !hello.offers("STARTTLS") || command(wire, &["STARTTLS"])?.code != 220 {
            return Err(Fault::Unreachable("the server offers no TLS"));
        }
        wire.start_tls()?;
        hello = greet(wire)?; // what was said in the clear may have been anybody's
    }
    let outcome = match authenticate(wire, &hello, roles)? {
        Some(answer) => answer.judged(),
        None if wire.tls() == TlsMode::Off && hello.offers("STARTTLS") => {
            Outcome::no_way_in("the server wants TLS first")
        }
        None if hello.has("AUTH") => Outcome::no_way_in("the server offers neither PLAIN nor LOGIN"),
        None => Outcome::open(),
    };
    let _ = command(wire, &["QUIT"]); // it has been decided; whether the goodbye arrives changes nothing
    Ok(outcome)
}

/// Says EHLO. A literal address is what a client without a public name gives.
fn greet(wire: &mut Wire) -> Result<Reply, Fault> {
    let hello = command(wire, &["EHLO [127.0.0.1]"])?;
    if hello.code == 250 { Ok(hello) } else { Err(Fault::Unreachable("the server does not speak ESMTP")) }
}

/// The answer to the proof; none where the server takes it in no way that we know.
fn authenticate(wire: &mut Wire, hello: &Reply, roles: &Roles) -> Result<Option<Reply>, Fault> {
    let user = roles.get("username").unwrap_or_default();
    let password = roles.get("password").unwrap_or_default();
    if hello.offers_login_by("PLAIN") {
        let proof = sasl::base64(&sasl::plain(user, password));
        if "AUTH PLAIN ".len() + proof.len() <= LONGEST_LINE {
            return command(wire, &["AUTH PLAIN ", &proof]).map(Some);
        }
        let asked = command(wire, &["AUTH PLAIN"])?;
        return if asked.code == 334 { command(wire, &[&proof]).map(Some) } else { Ok(Some(asked)) };
    }
    if !hello.offers_login_by("LOGIN") {
        return Ok(None);
    }
    let mut asked = command(wire, &["AUTH LOGIN"])?;
    for part in [user, password] {
        if asked.code != 334 {
            break;
        }
        asked = command(wire, &[&sasl::base64(part)])?;
    }
    Ok(Some(asked))
}

fn command(wire: &mut Wire, parts: &[&str]) -> Result<Reply, Fault> {
    wire.send(&sasl::line(parts))?;
    reply(wire)
}

/// A reply: its code, and what each of its lines says.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

fn reply(wire: &mut Wire) -> Result<Reply, Fault> {
    let mut reply = Reply { code: 0, lines: Vec::new() };
    loop {
        let line = wire.receive_line()?;
        let (code, last, text) = part(&line).ok_or(Fault::WrongHost)?;
        if reply.lines.is_empty() {
            reply.code = code;
        } else if reply.code != code {
            return Err(Fault::WrongHost);
        }
        reply.lines.push(text.to_owned());
        if last {
            return Ok(reply);
        }
    }
}

/// Code and text of one line of a reply, and whether it is the last.
fn part(line: &str) -> Option<(u16, bool, &str)> {
    let (code, rest) = line.split_at_checked(3)?;
    let known = code.starts_with(['2', '3', '4', '5']) && code.bytes().all(|b| b.is_ascii_digit());
    let last = rest.is_empty() || rest.starts_with(' ');
    let text = if rest.is_empty() { "" } else { rest.strip_prefix([' ', '-'])? };
    Some((code.parse().ok().filter(|_| known)?, last, text))
}

impl Reply {
    /// The words of the line that begins with this one; some servers write `AUTH=` for those who ask in an old way.
    fn words<'r>(&'r self, keyword: &'r str) -> impl Iterator<Item = &'r str> {
        let lines = self.lines.iter().map(|line| line.split([' ', '=']).collect::<Vec<_>>());
        lines.filter(move |words| words.first().is_some_and(|w| w.eq_ignore_ascii_case(keyword))).flatten()
    }

    fn has(&self, keyword: &str) -> bool {
        self.words(keyword).next().is_some()
    }

    fn offers(&self, keyword: &str) -> bool {
        self.code == 250 && self.has(keyword)
    }

    fn offers_login_by(&self, mechanism: &str) -> bool {
        self.words("AUTH").skip(1).any(|word| word.eq_ignore_ascii_case(mechanism))
    }

    /// The code, and the more exact one that may stand at the beginning of the text.
    fn judged(&self) -> Outcome {
        let verdict = match self.code {
            235 => return Outcome::accepted(),
            535 | 525 => Verdict::Rejected, // 525: the account is closed
            400..=499 => Verdict::Unreachable,
            _ => Verdict::NotCheckable,
        };
        let first = self.lines.first().and_then(|line| line.split(' ').next()).unwrap_or_default();
        let exact = matches!(first.as_bytes(), [b'2' | b'4' | b'5', b'.', rest @ ..]
            if rest.len() <= 7 && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.'));
        match exact {
            true => Outcome::coded(verdict, format_args!("{} {first}", self.code)),
            false => Outcome::coded(verdict, self.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_reply_are_told() {
        assert_eq!(part("250-AUTH PLAIN"), Some((250, false, "AUTH PLAIN")));
        assert_eq!(part("235 2.7.0 welcome"), Some((235, true, "2.7.0 welcome")));
        assert_eq!(part("220"), Some((220, true, "")));
        for line in ["", "2", "25", "250x", "+OK ready", "99 x", "1a0 x", "650 x", "HTTP/1.1 400", "ü25 x", "+25 x"] {
            assert_eq!(part(line), None, "{line}");
        }
    }

    #[test]
    fn mechanisms_are_found_in_both_spellings_and_not_within_other_words() {
        let hello = |line: &str| Reply { code: 250, lines: vec!["mail".into(), line.into()] };
        assert!(hello("AUTH XOAUTH2 plain").offers_login_by("PLAIN"));
        assert!(hello("AUTH=LOGIN PLAIN").offers_login_by("LOGIN"));
        assert!(!hello("AUTH XPLAIN").offers_login_by("PLAIN"));
        assert!(!hello("HELP PLAIN").offers_login_by("PLAIN"));
    }

    #[test]
    fn only_plain_codes_of_a_reply_are_told() {
        for (line, detail) in
            [("5.7.8 wrong", "535 5.7.8"), ("5.7.8secret wrong", "535"), ("wrong", "535"), ("5.11111111 x", "535")]
        {
            let reply = Reply { code: 535, lines: vec![line.into()] };
            assert_eq!(reply.judged().detail.as_deref(), Some(detail));
        }
    }
}
