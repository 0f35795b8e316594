//! Splits files into YAML's tokens and does nothing with them: what a compile is measured against (`benches/run`).
//!
//! `cargo run --release --no-default-features --example tokenise -- compose.yaml dist/fargate/*`

use granit_parser::{Scanner, StrInput};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut bytes, mut tokens) = (0, 0);
    for path in std::env::args_os().skip(1) {
        let text = std::fs::read_to_string(&path)?;
        bytes += text.len();
        for token in Scanner::new(StrInput::new(&text)) {
            token.map_err(|error| format!("{}: {error}", path.display()))?;
            tokens += 1;
        }
    }
    println!("{tokens} tokens in {bytes} bytes");
    Ok(())
}
