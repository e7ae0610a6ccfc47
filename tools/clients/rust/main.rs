//! Answers a JSON array of texts with the probabilities of each class: classify FOLDER TEXTS.json.
//! ORT_DYLIB_PATH names the ONNX Runtime library.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

use ort::{inputs, session::Session, value::Tensor};
use serde_json::{Map, Value};
use tokenizers::Tokenizer;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, file] = arguments.as_slice() else {
        return Err("usage: classify FOLDER TEXTS.json".into());
    };
    let config: Value = serde_json::from_reader(File::open(folder.join("config.json"))?)?;
    let texts: Vec<String> = serde_json::from_reader(File::open(file)?)?;

    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))?;
    let mut session = Session::builder()?.commit_from_file(folder.join("onnx/model.onnx"))?;
    let mut answers = Vec::new();
    for text in texts {
        let encoding = tokenizer.encode(text, true)?;
        let wide = |numbers: &[u32]| numbers.iter().map(|&n| i64::from(n)).collect::<Vec<_>>();
        let shape = [1, encoding.len()];
        let outputs = session.run(inputs![
            "input_ids" => Tensor::from_array((shape, wide(encoding.get_ids())))?,
            "attention_mask" => Tensor::from_array((shape, wide(encoding.get_attention_mask())))?,
        ])?;
        let (_, logits) = outputs["logits"].try_extract_tensor::<f32>()?;
        let answer: Map<String, Value> = softmax(logits)
            .into_iter()
            .enumerate()
            .map(|(i, p)| {
                (
                    config["id2label"][i.to_string()]
                        .as_str()
                        .unwrap_or_default()
                        .to_string(),
                    p.into(),
                )
            })
            .collect();
        answers.push(Value::Object(answer));
    }
    println!("{}", Value::Array(answers));
    Ok(())
}

/// The probabilities that logits stand for.
fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&l| f64::from(l - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}
