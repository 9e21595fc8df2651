//! IMAP: STARTTLS where wanted, AUTHENTICATE PLAIN or LOGIN, LOGOUT. No mailbox is opened.
//!
//! <https://www.rfc-editor.org/rfc/rfc9051>, <https://www.rfc-editor.org/rfc/rfc3501>, <https://www.rfc-editor.org/rfc/rfc4959>

use zeroize::Zeroizing;

use super::{Outcome, Roles, sasl};
use crate::catalog::protocol::TlsMode;
use crate::io::Fault;
use crate::io::wire::Wire;
use crate::verdict::Verdict;

/// Every command waits for its answer, so one tag does for all.
const TAG: &str = "k1";

/// Reasons that a server may give in brackets, and what they mean (RFC 5530).
const CODES: [(&str, Verdict); 9] = [
    ("AUTHENTICATIONFAILED", Verdict::Rejected),
    ("EXPIRED", Verdict::Rejected),
    ("AUTHORIZATIONFAILED", Verdict::UnderScoped),
    ("UNAVAILABLE", Verdict::Unreachable),
    ("SERVERBUG", Verdict::Unreachable),
    ("LIMIT", Verdict::RateLimited),
    ("PRIVACYREQUIRED", Verdict::NotCheckable),
    ("CONTACTADMIN", Verdict::NotCheckable),
    ("ALERT", Verdict::NotCheckable), // large providers want another kind of password, and say so for people only
];

pub(super) fn log_in(wire: &mut Wire, roles: &Roles) -> Result<Outcome, Fault> {
    if wire.tls() == TlsMode::Verified {
        wire.start_tls()?;
    }
    let greeting = response(wire)?;
    match words(&greeting).take(2).collect::<Vec<_>>()[..] {
        ["*", "OK"] => {}
        ["*", "PREAUTH"] => return Ok(Outcome::open()),
        ["*", "BYE"] => return Ok(Outcome::coded(Verdict::Unreachable, "BYE")),
        _ => return Err(Fault::WrongHost),
    }
    let mut able = capabilities(wire)?;
    if wire.tls() == TlsMode::Upgraded {
        if !able.has("STARTTLS") || !matches!(command(wire, &["STARTTLS"])?, Answer::Done(Said::Ok, _)) {
            return Err(Fault::Unreachable("the server offers no TLS"));
        }
        wire.start_tls()?;
        able = capabilities(wire)?; // what was said in the clear may have been anybody's
    }
    let outcome = match authenticate(wire, &able, roles)? {
        Some(Answer::Done(said, line)) => judged(&said, &line),
        Some(Answer::Goodbye) => Outcome::coded(Verdict::Unreachable, "BYE"),
        Some(Answer::GoOn) => return Err(Fault::WrongHost),
        None if wire.tls() == TlsMode::Off && able.has("STARTTLS") => Outcome::no_way_in("the server wants TLS first"),
        None => Outcome::no_way_in("the server takes no password"),
    };
    let _ = command(wire, &["LOGOUT"]); // it has been decided; whether the goodbye arrives changes nothing
    Ok(outcome)
}

/// What the server says it can, in capitals.
struct Able(Vec<String>);

impl Able {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|able| able == name)
    }
}

fn capabilities(wire: &mut Wire) -> Result<Able, Fault> {
    wire.send(&sasl::line(&[TAG, " CAPABILITY"]))?;
    let mut able = Able(Vec::new());
    loop {
        let line = response(wire)?;
        match words(&line).next() {
            Some("*") => {
                let mut found = words(&line).skip(1);
                if found.next().is_some_and(|word| word.eq_ignore_ascii_case("CAPABILITY")) {
                    able.0 = found.map(str::to_ascii_uppercase).collect();
                }
            }
            Some(TAG) => return Ok(able),
            _ => return Err(Fault::WrongHost),
        }
    }
}

/// The answer to the proof; none where the server takes it in no way that we know.
fn authenticate(wire: &mut Wire, able: &Able, roles: &Roles) -> Result<Option<Answer>, Fault> {
    let user = roles.get("username").unwrap_or_default();
    let password = roles.get("password").unwrap_or_default();
    if able.has("AUTH=PLAIN") {
        let proof = sasl::base64(&sasl::plain(user, password));
        if able.has("SASL-IR") {
            return command(wire, &["AUTHENTICATE PLAIN ", &proof]).map(Some);
        }
        return match command(wire, &["AUTHENTICATE PLAIN"])? {
            Answer::GoOn => ask(wire, &sasl::line(&[&proof])).map(Some),
            other => Ok(Some(other)),
        };
    }
    if able.has("LOGINDISABLED") {
        return Ok(None);
    }
    // Literals, which hold whatever a user name or a password may.
    let mut answer = command(wire, &["LOGIN ", &format!("{{{}}}", user.len())])?;
    let between = Zeroizing::new([user, format!(" {{{}}}\r\n", password.len()).as_bytes()].concat());
    let mut last = Zeroizing::new(Vec::with_capacity(password.len() + 2));
    last.extend_from_slice(password);
    last.extend_from_slice(b"\r\n");
    for part in [between, last] {
        if !matches!(answer, Answer::GoOn) {
            break;
        }
        answer = ask(wire, &part)?;
    }
    Ok(Some(answer))
}

/// How the server answers.
enum Answer {
    /// It is done with the command.
    Done(Said, String),
    /// It waits for more.
    GoOn,
    /// It hangs up.
    Goodbye,
}

#[derive(PartialEq)]
enum Said {
    Ok,
    No,
    Bad,
}

fn command(wire: &mut Wire, parts: &[&str]) -> Result<Answer, Fault> {
    ask(wire, &sasl::line(&[&[TAG, " "], parts].concat()))
}

fn ask(wire: &mut Wire, bytes: &[u8]) -> Result<Answer, Fault> {
    wire.send(bytes)?;
    loop {
        let line = response(wire)?;
        let said = match words(&line).take(2).collect::<Vec<_>>()[..] {
            ["+", ..] => return Ok(Answer::GoOn),
            ["*", "BYE"] => return Ok(Answer::Goodbye),
            ["*", ..] => continue,
            [TAG, "OK"] => Said::Ok,
            [TAG, "NO"] => Said::No,
            [TAG, "BAD"] => Said::Bad,
            _ => return Err(Fault::WrongHost),
        };
        return Ok(Answer::Done(said, line));
    }
}

/// A line, and what follows it where it ends with a literal.
fn response(wire: &mut Wire) -> Result<String, Fault> {
    let mut whole = wire.receive_line()?;
    while let Some(length) = literal(&whole) {
        wire.receive(length)?; // texts and names, none of which matters here
        whole.push_str(&wire.receive_line()?);
    }
    Ok(whole)
}

/// The length of the literal that a line ends with.
fn literal(line: &str) -> Option<usize> {
    let (_, length) = line.strip_suffix('}')?.rsplit_once('{')?;
    length.bytes().all(|b| b.is_ascii_digit()).then(|| length.parse().ok())?
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(' ')
}

/// What the server's last word on a proof means. A plain NO is how RFC 3501 has it say that the password is wrong.
fn judged(said: &Said, line: &str) -> Outcome {
    if *said == Said::Ok {
        return Outcome::accepted();
    }
    if *said == Said::Bad {
        return Outcome::coded(Verdict::NotCheckable, "BAD");
    }
    let code = line.split_once('[').and_then(|(_, rest)| rest.split([']', ' ']).next());
    let bracketed = words(line).nth(2).is_some_and(|word| word.starts_with('['));
    match code.filter(|_| bracketed) {
        None => Outcome::coded(Verdict::Rejected, "NO"),
        Some(code) => match CODES.iter().find(|(name, _)| name.eq_ignore_ascii_case(code)) {
            Some((name, verdict)) => Outcome::coded(*verdict, name),
            None => Outcome::coded(Verdict::NotCheckable, "NO"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_seen_at_the_end_of_a_line_only() {
        for (line, length) in [
            ("* LIST () {5}", Some(5)),
            ("* OK {x}", None),
            ("* OK {5} more", None),
            ("* OK {}", None),
            ("* OK {-1}", None),
            ("* OK {99999999999999999999999}", None),
        ] {
            assert_eq!(literal(line), length, "{line}");
        }
    }

    #[test]
    fn only_known_codes_decide_and_are_told() {
        for (line, verdict, detail) in [
            ("k1 NO [AUTHENTICATIONFAILED] no", Verdict::Rejected, "AUTHENTICATIONFAILED"),
            ("k1 NO [unavailable] later", Verdict::Unreachable, "UNAVAILABLE"),
            ("k1 NO Login failed for [me]", Verdict::Rejected, "NO"),
            ("k1 NO [SECRET] no", Verdict::NotCheckable, "NO"),
            ("k1 NO [", Verdict::NotCheckable, "NO"),
            ("k1 NO", Verdict::Rejected, "NO"),
        ] {
            let outcome = judged(&Said::No, line);
            assert_eq!((outcome.verdict, outcome.detail.as_deref()), (verdict, Some(detail)), "{line}");
        }
    }
}
