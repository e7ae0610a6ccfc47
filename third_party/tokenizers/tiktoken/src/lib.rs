//! Stands in for tiktoken-rs, whose fork the Go module takes from git. Only the names that the module's
//! source uses are here, and loading a tiktoken model always fails: mslora reads tokenizer.json alone.

use std::collections::HashSet;
use std::fmt;

pub type Rank = u32;

/// Why every tiktoken model is refused.
#[derive(Debug)]
pub struct NotBuilt;

impl fmt::Display for NotBuilt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("tiktoken models are not supported in this build")
    }
}

impl std::error::Error for NotBuilt {}

pub struct CoreBPE;

impl CoreBPE {
    pub fn new<E, S>(_encoder: E, _special: S, _pattern: &str) -> Result<Self, NotBuilt> {
        Err(NotBuilt)
    }

    pub fn encode(&self, _text: &str, _allowed: &HashSet<&str>) -> (Vec<Rank>, usize) {
        unreachable!("no CoreBPE exists")
    }

    pub fn decode(&self, _tokens: Vec<Rank>) -> Result<String, NotBuilt> {
        Err(NotBuilt)
    }
}
