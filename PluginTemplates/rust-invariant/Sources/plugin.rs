//! A check in Rust: a file of the sandbox holds a text.

#[allow(dead_code)]
mod keystone {
    include!(env!("KEYSTONE_RUST"));
}

use keystone::{HostError, Request, Score};

/// Called on a thread that may block. What the agent can be blamed for is a score; what keeps the check from judging is an
/// error, and `?` passes the host's own on.
fn evaluate(request: &Request) -> Result<Score, HostError> {
    let path = request.string("parameters.path").unwrap_or_default();
    let text = request.string("parameters.text").unwrap_or_default();
    let bytes = match request.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Score::fail(format!("{path} does not exist"))),
        Err(error) => return Err(error),
    };
    let found = text.is_empty() || bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let reason = format!("{path} {} `{text}`", if found { "holds" } else { "does not hold" });
    Ok(if found { Score::pass(reason) } else { Score::fail(reason) })
}

const DESCRIPTOR: &str = r#"{
  "name": "example-name", "version": "0.1.0", "abi": 1, "concurrency": 4,
  "types": [{
    "point": "invariant", "type": "example_name",
    "description": "Checks that a file holds a text.",
    "parameters": {
      "type": "object", "additionalProperties": false, "required": ["path", "text"],
      "properties": {
        "path": {"type": "string", "description": "The file, relative to the workspace.", "examples": ["notes.txt"]},
        "text": {"type": "string", "description": "The text it must hold.", "examples": ["done"]}
      }
    }
  }]
}"#;

keystone::keystone_plugin!(DESCRIPTOR, evaluate);
