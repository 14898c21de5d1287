//! JSON-RPC 2.0 as the Model Context Protocol uses it: one message a line.

use serde_json::{Value, json};

/// What is not JSON.
pub(super) const PARSE_ERROR: i64 = -32700;
/// What is JSON and no request.
pub(super) const INVALID_REQUEST: i64 = -32600;
/// A method that there is not.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// Parameters of the wrong form.
pub(super) const INVALID_PARAMS: i64 = -32602;
/// A resource that there is not, or that cannot be read (MCP).
pub(super) const RESOURCE_NOT_FOUND: i64 = -32002;

/// A message of the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    Request {
        /// A string or a number.
        id: Value,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
        params: Value,
    },
    /// An answer; nothing was asked.
    Response,
}

/// Why a message has no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
}

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Reads a message. An error comes with the id of the request, if it can be known.
pub(super) fn parse(line: &[u8]) -> Result<Incoming, (Value, RpcError)> {
    let message: Value = serde_json::from_slice(line).map_err(|error| {
        let error = RpcError::new(PARSE_ERROR, format!("the message is not JSON: {error}"));
        (Value::Null, error)
    })?;
    let id = match &message["id"] {
        id @ (Value::String(_) | Value::Number(_)) => id.clone(),
        _ => Value::Null,
    };
    let invalid = |what: &str| {
        let error = RpcError::new(INVALID_REQUEST, format!("not a JSON-RPC request: {what}"));
        Err((id.clone(), error))
    };
    let Value::Object(mut fields) = message else {
        return invalid("a message is one object, and batches are not supported");
    };
    if fields.get("jsonrpc") != Some(&json!("2.0")) {
        return invalid("\"jsonrpc\" must be \"2.0\"");
    }
    let params = fields.remove("params").unwrap_or_default();
    match (fields.remove("method"), fields.contains_key("id")) {
        (Some(Value::String(method)), false) => Ok(Incoming::Notification { method, params }),
        (Some(Value::String(_)), true) if id.is_null() => {
            invalid("\"id\" must be a string or a number")
        }
        (Some(Value::String(method)), true) => Ok(Incoming::Request { id, method, params }),
        (None, _) if fields.contains_key("result") || fields.contains_key("error") => {
            Ok(Incoming::Response)
        }
        _ => invalid("\"method\" must be a string"),
    }
}

/// The answer to a request.
pub(super) fn answer(id: &Value, outcome: Result<Value, RpcError>) -> String {
    let message = match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RpcError { code, message }) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": { "code": code, "message": message },
        }),
    };
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(line: &str, code: i64, id: &Value) {
        let (found, error) = parse(line.as_bytes()).unwrap_err();
        assert_eq!((error.code, &found), (code, id), "{line}: {error:?}");
    }

    #[test]
    fn requests_notifications_and_responses_are_told_apart() {
        let request = parse(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(
            request,
            Ok(Incoming::Request {
                id: json!(1),
                method: "ping".to_owned(),
                params: Value::Null,
            })
        );
        let notification = parse(br#"{"jsonrpc":"2.0","method":"x","params":{"a":1}}"#);
        assert_eq!(
            notification,
            Ok(Incoming::Notification {
                method: "x".to_owned(),
                params: json!({"a": 1}),
            })
        );
        let response = parse(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        assert_eq!(response, Ok(Incoming::Response));
    }

    #[test]
    fn malformed_messages_are_refused_with_the_id_if_there_is_one() {
        refused("{", PARSE_ERROR, &Value::Null);
        refused("\u{fffd}", PARSE_ERROR, &Value::Null);
        refused(&"[".repeat(100_000), PARSE_ERROR, &Value::Null);
        refused("[]", INVALID_REQUEST, &Value::Null);
        refused("1", INVALID_REQUEST, &Value::Null);
        refused(r#"{"id":1,"method":"ping"}"#, INVALID_REQUEST, &json!(1));
        refused(
            r#"{"jsonrpc":"2.0","id":"a","method":1}"#,
            INVALID_REQUEST,
            &json!("a"),
        );
        refused(
            r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#,
            INVALID_REQUEST,
            &Value::Null,
        );
        refused(
            r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
            INVALID_REQUEST,
            &Value::Null,
        );
        refused(r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST, &json!(1));
        assert!(parse(b"\xff\n").is_err());
    }
}
