//! The text of an app's file: its JSON, and the line of each place in it, which the JSON itself does not know. Only the
//! build script reads files; `apps.register` is given parsed JSON.

use std::collections::HashMap;

use serde_json::Value;

use super::read::node::escaped;

/// Something wrong in a file, in this line.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// A file that is JSON.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) json: Value,
    /// By JSON pointer.
    lines: HashMap<String, usize>,
    /// Keys that stand in their object before; a JSON parser takes the last without a word.
    pub(crate) twice: Vec<Fault>,
}

impl Source {
    /// Reads a file's bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |line, message: &str| Fault { line, message: message.into() };
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(fault(1, "begins with a byte order mark; save the file as UTF-8 without BOM"));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let good = &bytes[..e.valid_up_to()];
            fault(1 + good.iter().filter(|b| **b == b'\n').count(), "is not UTF-8; save the file as UTF-8")
        })?;
        let json = serde_json::from_str(text).map_err(|e| {
            // A text that does not end is noticed where the next line begins, a missing bracket below the last line.
            let noticed = if e.column() == 0 { e.line() - 1 } else { e.line() };
            fault(noticed.clamp(1, text.lines().count().max(1)), &in_words(&e))
        })?;
        let mut scan = Scan { text, position: 0, line: 1, at: String::new(), lines: HashMap::new(), twice: Vec::new() };
        scan.value();
        Ok(Self { json, lines: scan.lines, twice: scan.twice })
    }

    /// The line of a place; of one that is missing, the line of what should hold it.
    pub(crate) fn line(&self, mut pointer: &str) -> usize {
        loop {
            if let Some(line) = self.lines.get(pointer) {
                return *line;
            }
            let Some((holder, _)) = pointer.rsplit_once('/') else { return 1 };
            pointer = holder;
        }
    }
}

/// What is wrong with text that is not JSON, and what to write.
fn in_words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let problem = said.split(" at line ").next().unwrap_or_default();
    let instead = if error.is_eof() {
        "close every text with \", every list with ] and every object with }"
    } else if problem.contains("trailing comma") {
        "remove the comma before the closing bracket"
    } else if problem.contains("expected `,`") {
        "write a comma between two entries, also where the line before ends"
    } else if problem.contains("key must be a string") {
        "write each key in double quotes"
    } else if problem.contains("expected `:`") {
        "write a colon between key and value"
    } else if problem.contains("control character") {
        "end the text with \" in its own line, and write \\n for a line break and \\t for a tab in it"
    } else if problem.contains("escape") {
        "write \\\\ for a backslash, also in patterns"
    } else if problem.contains("trailing characters") {
        "end the file after the last }; one file is one app"
    } else if problem.contains("number") {
        "write a plain number such as 401, or a text in double quotes"
    } else {
        "write a text in double quotes, a number, true, false, a list or an object; JSON has no comments"
    };
    format!("is not JSON: {problem}; {instead}")
}

/// Walks over text that is known to be JSON.
struct Scan<'t> {
    text: &'t str,
    position: usize,
    line: usize,
    at: String,
    lines: HashMap<String, usize>,
    twice: Vec<Fault>,
}

impl<'t> Scan<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        while let Some(byte) = self.peek().filter(|b| skipped(*b)) {
            self.line += usize::from(byte == b'\n');
            self.position += 1;
        }
    }

    /// To the next byte that stands for something.
    fn next(&mut self) -> Option<u8> {
        self.skip_while(|b| b.is_ascii_whitespace() || b == b',' || b == b':');
        self.peek()
    }

    fn value(&mut self) {
        let first = self.next();
        self.lines.entry(self.at.clone()).or_insert(self.line);
        match first {
            Some(b'{') => self.object(),
            Some(b'[') => self.list(),
            Some(b'"') => {
                self.string();
            }
            _ => self.skip_while(|b| !b.is_ascii_whitespace() && !b",]}".contains(&b)),
        }
    }

    fn object(&mut self) {
        self.position += 1;
        let holder = self.at.len();
        while self.next() == Some(b'"') {
            let line = self.line;
            let key: String = serde_json::from_str(self.string()).unwrap_or_default();
            self.at.push('/');
            self.at.push_str(&escaped(&key));
            if let Some(first) = self.lines.insert(self.at.clone(), line) {
                let message = format!("{} stands in line {first} already; remove one of the two", self.at);
                self.twice.push(Fault { line, message });
            }
            self.value();
            self.at.truncate(holder);
        }
        self.position += 1;
    }

    fn list(&mut self) {
        self.position += 1;
        let holder = self.at.len();
        let mut index = 0;
        while self.next().is_some_and(|b| b != b']') {
            self.at.push_str(&format!("/{index}"));
            self.value();
            self.at.truncate(holder);
            index += 1;
        }
        self.position += 1;
    }

    /// A text with its quotes, as it stands.
    fn string(&mut self) -> &'t str {
        let start = self.position;
        self.position += 1;
        while let Some(byte) = self.peek().filter(|b| *b != b'"') {
            self.position += if byte == b'\\' { 2 } else { 1 };
        }
        self.position += 1;
        &self.text[start..self.position]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_lines() {
        let text = "{\n \"a\": [1,\n  {\"b\": {}, \"a\":\n true}],\n\n \"b\": \"x\", \"c\": {\n \"b\": []}}\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let source = Source::parse(text.as_bytes()).unwrap();
            assert_eq!(source.json["a"][1]["a"], true);
            let places = ["", "/a", "/a/0", "/a/1", "/a/1/b", "/a/1/a", "/b", "/c", "/c/b"];
            assert_eq!(places.map(|p| source.line(p)), [1, 2, 2, 3, 3, 3, 6, 6, 7]);
        }
    }

    #[test]
    fn brackets_and_quotes_in_texts_mean_nothing() {
        let source = Source::parse(
            br#"{"a": "}]\"{,\\",
            "b\"/~": "\u005c\"",
            "c": 1.5e3, "d": null
        }"#,
        )
        .unwrap();
        assert_eq!(["/a", "/b\"~1~0", "/c", "/d"].map(|p| source.line(p)), [1, 2, 3, 3]);
    }

    #[test]
    fn what_is_missing_has_the_line_of_its_holder() {
        let source = Source::parse(b"{\n\"a\": [\n{\"b\": 1}]}").unwrap();
        assert_eq!(["/a/0/c/d", "/a/7", "/x", "x"].map(|p| source.line(p)), [3, 2, 1, 1]);
    }

    #[test]
    fn a_key_stands_once_in_its_object() {
        let text = "{\"a\": {\"b\": 1},\n\"c\": {\"b\": 1,\n\"\\u0062\": [],\n\"b\": 2},\n\"a\": 1}";
        let twice = Source::parse(text.as_bytes()).unwrap().twice;
        let place = |f: &Fault| (f.line, f.message.split(' ').next().unwrap_or_default().to_owned());
        let places: Vec<(usize, String)> = twice.iter().map(place).collect();
        assert_eq!(places, [(3, "/c/b"), (4, "/c/b"), (5, "/a")].map(|(line, at)| (line, at.to_owned())));
    }

    #[test]
    fn what_is_not_json_is_said_in_words() {
        for (text, line, instead) in [
            ("\u{feff}{}", 1, "without BOM"),
            ("", 1, "close every"),
            ("{\"a\": 1,\n}", 2, "remove the comma"),
            ("{\"a\": 1\n\"b\": 2}", 2, "a comma between"),
            ("{\n a: 1}", 2, "double quotes"),
            ("{\"a\"\n1}", 2, "a colon"),
            ("{\"a\": \"x\n\"}", 1, "in its own line"),
            ("{\n\"a\": [1\n\n", 3, "close every"),
            ("{\"a\":\n\"\\d\"}", 2, "\\\\ for a backslash"),
            ("{}\n{}", 2, "one file is one app"),
            ("{\"a\": 01}", 1, "plain number"),
            ("// an app\n{}", 1, "no comments"),
        ] {
            let found = Source::parse(text.as_bytes()).unwrap_err();
            assert!(found.line == line && found.message.contains(instead), "{text}: {found:?}");
        }
        assert_eq!(Source::parse(b"{\n\"a\": \"\xe9\"}").unwrap_err().line, 2);
    }
}
