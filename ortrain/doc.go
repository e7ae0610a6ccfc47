// Package ortrain trains and runs text classifiers with ONNX Runtime: sessions of linked graphs, packing of batches,
// dropout masks, the training loop with its hooks, AdamW, checkpoints, and devices.
//
// [OpenModel] opens a backbone, [NewTrainer] links it with a method's graphs and [Trainer.Run] trains it, from the
// checkpoint in its folder if there is one. An [Evaluator] predicts with what was trained. ONNX Runtime must have been
// initialised before. Every draw is a function of the seed, so that a run that was interrupted ends with the same bytes.
package ortrain
