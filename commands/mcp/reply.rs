//! What a tool returns to the client: bounded, as text and as an object.

use serde_json::{Value, json};

use super::commands::Document;

/// The longest text of a result, in bytes, unless a call says otherwise.
pub(super) const MAX_TEXT: usize = 16 * 1024;

/// What a tool has to say.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    Document {
        document: Document,
        is_error: bool,
        /// The longest text, in bytes.
        max_text: usize,
    },
    /// The caller's mistake, or a command that has nothing but an error to show.
    Refused(String),
}

impl Reply {
    /// As the result of `tools/call`. The text content of a document is the same JSON. What does not fit is
    /// cut, and then there is no object either.
    pub(super) fn to_result(&self) -> Value {
        let (text, object, is_error) = match self {
            Self::Refused(message) => (cut(message.clone(), MAX_TEXT), None, true),
            Self::Document {
                document,
                is_error,
                max_text,
            } => {
                let text = Value::from(document.clone()).to_string();
                let object = (text.len() <= *max_text).then_some(document);
                (cut(text, *max_text), object, *is_error)
            }
        };
        let mut result = json!({
            "content": [{ "type": "text", "text": text }],
            "isError": is_error,
        });
        if let Some(object) = object {
            result["structuredContent"] = object.clone().into();
        }
        result
    }
}

/// The beginning of a text that is too long, with a last line that says so.
fn cut(mut text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let whole = text.len();
    let note = |kept: usize| {
        format!("\n… cut: {kept} of {whole} bytes are shown; name services to see less at once")
    };
    truncate(&mut text, most.saturating_sub(note(whole).len()));
    let note = note(text.len());
    text + &note
}

/// Shortens a text to so many bytes, or a few less: between two characters.
pub(super) fn truncate(text: &mut String, most: usize) {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(message: &str) -> Value {
        let mut document = Document::new();
        document.insert("message".to_owned(), message.into());
        let reply = Reply::Document {
            document,
            is_error: false,
            max_text: 1000,
        };
        reply.to_result()
    }

    #[test]
    fn the_text_is_the_object() {
        let result = reply("short");
        let text = result["content"][0]["text"].as_str().unwrap();
        let parsed: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parsed, result["structuredContent"]);
        assert_eq!(result["isError"], false);
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_says_so() {
        for length in 950..1100 {
            let result = reply(&"ä€𝄞".repeat(length / 9));
            let text = result["content"][0]["text"].as_str().unwrap();
            assert!(text.len() <= 1000, "{}", text.len());
            let is_cut = text.contains("\n… cut: ");
            assert_eq!(is_cut, result["structuredContent"].is_null());
        }
        let refused = Reply::Refused("x".repeat(1_000_000)).to_result();
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= MAX_TEXT && text.contains("of 1000000 bytes"));
        assert_eq!(refused["isError"], true);
    }
}
