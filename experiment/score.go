package experiment

import (
	"context"
	"path/filepath"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/ortrain"
)

// score predicts both test sets with the best epoch's tensors and, where there are, with the last epoch's, and leaves the
// best epoch's predictions in the cell's folder.
func (p *Plan) score(ctx context.Context, cell Cell, method defence.Method, folder string, data *dataset.Dataset, ready prepared, t training) (eval.Result, error) {
	best, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	if err != nil {
		return eval.Result{}, err
	}
	scorer := scorer{p, cell, method, data, ready, t.evaluator}
	var result eval.Result
	predictions, scores, err := scorer.predict(ctx, best)
	if err != nil {
		return result, err
	}
	if err := eval.WritePredictions(filepath.Join(folder, predictionsFile), predictions, data.Classes, data.Labels); err != nil {
		return result, err
	}
	for _, epoch := range t.history {
		if epoch.Best {
			result.BestEpoch, result.DevAccuracy = epoch.Epoch, epoch.DevAccuracy
		}
	}
	result.Scores, result.Epochs, result.Training, result.TrainedBy = scores, len(t.history), t.sum, t.from
	switch {
	case result.BestEpoch == result.Epochs:
		result.LastEpoch = &scores
	case t.trainer != nil: // a training that was taken over has lost them
		_, last, err := scorer.predict(ctx, t.trainer.LastTuned())
		if err != nil {
			return result, err
		}
		result.LastEpoch = &last
	}
	if t.trainer != nil {
		result.Steps, result.TrainSeconds = t.trainer.Clock.Steps, t.trainer.Clock.Total().Seconds()
	}
	return result, nil
}

// scorer predicts the test sets of a cell.
type scorer struct {
	plan      *Plan
	cell      Cell
	method    defence.Method
	data      *dataset.Dataset
	ready     prepared
	evaluator *ortrain.Evaluator
}

// predict classifies the clean and the poisoned test texts with tuned tensors. The method's filter, if it has one, looks at
// them first: a text that it flags gets no answer.
func (s scorer) predict(ctx context.Context, tuned ortrain.Tuned) ([]eval.Prediction, eval.Scores, error) {
	var scores eval.Scores
	if err := s.evaluator.Use(tuned); err != nil {
		return nil, scores, err
	}
	sieve, err := s.method.Sieve(ctx, defence.Bench{
		Trusted: s.ready.trusted, Classes: s.data.Classes, Seed: s.cell.Seed, Values: s.cell.Hyperparameters,
		Vectors: func(ctx context.Context, texts []string) ([][]float32, error) {
			return s.evaluator.Vectors(ctx, s.plan.examples(s.cell, unlabelled(texts)))
		},
		Logits: func(ctx context.Context, texts []string) ([][]float32, error) {
			return s.evaluator.Logits(ctx, s.plan.examples(s.cell, unlabelled(texts)))
		},
	})
	if err != nil {
		return nil, scores, err
	}
	var all []eval.Prediction
	classes := map[string][]int{}
	for _, split := range []struct {
		name  string
		texts []dataset.Text
	}{{"test-clean", s.data.TestClean}, {"test-poison", s.data.TestPoison}} {
		texts, flagged, err := sift(ctx, sieve, split.texts)
		if err != nil {
			return nil, scores, err
		}
		logits, err := s.evaluator.Logits(ctx, s.plan.examples(s.cell, texts))
		if err != nil {
			return nil, scores, err
		}
		for i, text := range split.texts {
			predicted := ortrain.Argmax(logits[i])
			if flagged != nil && flagged[i] {
				predicted = eval.NoAnswer
			}
			classes[split.name] = append(classes[split.name], predicted)
			all = append(all, eval.Prediction{Split: split.name, Index: i, Label: text.Label, Predicted: predicted, Logits: logits[i]})
		}
	}
	labels := make([]int, len(s.data.TestClean))
	for i, text := range s.data.TestClean {
		labels[i] = text.Label
	}
	scores.CACC = eval.Accuracy(classes["test-clean"], labels)
	scores.Floor = eval.Floor(classes["test-clean"], labels, s.data.Target)
	scores.ASR = eval.ASR(classes["test-poison"], s.data.Target)
	return all, scores, nil
}

// sift gives the texts as the model gets them, and which of them it does not answer; nil if there is no sieve.
func sift(ctx context.Context, sieve defence.Sieve, texts []dataset.Text) ([]dataset.Text, []bool, error) {
	if sieve == nil {
		return texts, nil, nil
	}
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	sifted, err := sieve(ctx, plain)
	if err != nil {
		return nil, nil, err
	}
	rewritten, flagged := make([]dataset.Text, len(texts)), make([]bool, len(texts))
	for i, s := range sifted {
		rewritten[i], flagged[i] = texts[i], s.Flagged
		rewritten[i].Text = s.Text
	}
	return rewritten, flagged, nil
}
