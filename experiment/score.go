package experiment

import (
	"context"
	"path/filepath"

	"mslora/dataset"
	"mslora/eval"
	"mslora/ortrain"
)

// score predicts both test sets with the best epoch's tensors and with the last epoch's, and leaves the
// best epoch's predictions in the cell's folder.
func (p *Plan) score(ctx context.Context, cell Cell, folder string, set *dataset.Dataset, trainer *ortrain.Trainer) (eval.Result, error) {
	best, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	if err != nil {
		return eval.Result{}, err
	}
	var result eval.Result
	predictions, scores, err := p.predict(ctx, cell, set, trainer.Evaluator(), best)
	if err != nil {
		return result, err
	}
	if err := eval.WritePredictions(filepath.Join(folder, predictionsFile), predictions, set.Classes); err != nil {
		return result, err
	}
	history := trainer.History()
	for _, epoch := range history {
		if epoch.Best {
			result.BestEpoch, result.DevAccuracy = epoch.Epoch, epoch.DevAccuracy
		}
	}
	result.Scores, result.LastEpoch = scores, scores
	if result.BestEpoch != len(history) {
		if _, result.LastEpoch, err = p.predict(ctx, cell, set, trainer.Evaluator(), trainer.LastTuned()); err != nil {
			return result, err
		}
	}
	result.Epochs = len(history)
	result.Steps, result.TrainSeconds = trainer.Clock.Steps, trainer.Clock.Total().Seconds()
	return result, nil
}

// predict classifies the clean and the poisoned test texts.
func (p *Plan) predict(ctx context.Context, cell Cell, set *dataset.Dataset, evaluator *ortrain.Evaluator, tuned ortrain.Tuned) ([]eval.Prediction, eval.Scores, error) {
	var scores eval.Scores
	if err := evaluator.Use(tuned); err != nil {
		return nil, scores, err
	}
	var all []eval.Prediction
	classes := map[string][]int{}
	for _, split := range []struct {
		name  string
		texts []dataset.Text
	}{{"test-clean", set.TestClean}, {"test-poison", set.TestPoison}} {
		logits, err := evaluator.Logits(ctx, p.examples(cell, split.texts))
		if err != nil {
			return nil, scores, err
		}
		for i, text := range split.texts {
			predicted := ortrain.Argmax(logits[i])
			classes[split.name] = append(classes[split.name], predicted)
			all = append(all, eval.Prediction{Split: split.name, Index: i, Label: text.Label, Predicted: predicted, Logits: logits[i]})
		}
	}
	labels := make([]int, len(set.TestClean))
	for i, text := range set.TestClean {
		labels[i] = text.Label
	}
	scores.CACC = eval.Accuracy(classes["test-clean"], labels)
	scores.Floor = eval.Floor(classes["test-clean"], labels, set.Target)
	scores.ASR = eval.ASR(classes["test-poison"], set.Target)
	return all, scores, nil
}
