package experiment

import (
	"context"
	"path/filepath"
	"slices"

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
// all of them first: a text that it flags counts as eval.Corrected says.
func (s scorer) predict(ctx context.Context, tuned ortrain.Tuned) ([]eval.Prediction, eval.Scores, error) {
	var scores eval.Scores
	if err := s.evaluator.Use(tuned); err != nil {
		return nil, scores, err
	}
	language := &language{plan: s.plan, cell: s.cell}
	defer language.close()
	var row *defence.WordRow
	defer func() { row.Close() }()
	sieve, err := s.method.Sieve(ctx, defence.Bench{
		Trusted: s.ready.trusted, Classes: s.data.Classes, Seed: s.cell.Seed, Threads: s.plan.Device.Threads, Values: s.cell.Hyperparameters,
		Vectors: func(ctx context.Context, texts []string) ([][]float32, error) {
			return s.evaluator.Vectors(ctx, s.plan.examples(s.cell, unlabelled(texts)))
		},
		Logits: func(ctx context.Context, texts []string) ([][]float32, error) {
			return s.evaluator.Logits(ctx, s.plan.examples(s.cell, unlabelled(texts)))
		},
		LogProbabilities: language.logProbabilities,
		Protected:        protected(s.data),
		OpenRow: func(word string) (_ defence.Row, err error) {
			row, err = s.openRow(word, tuned)
			return row, err
		},
	})
	if err != nil {
		return nil, scores, err
	}
	clean, poisoned := s.data.TestClean, s.data.TestPoison
	texts := slices.Concat(clean, poisoned)
	sifted, err := sift(ctx, sieve, texts)
	if err != nil {
		return nil, scores, err
	}
	logits, err := s.evaluator.Logits(ctx, s.plan.examples(s.cell, sifted.texts))
	if err != nil {
		return nil, scores, err
	}
	predictions, classes, labels := make([]eval.Prediction, len(texts)), make([]int, len(texts)), make([]int, len(texts))
	for i, text := range texts {
		classes[i], labels[i] = ortrain.Argmax(logits[i]), text.Label
		if sifted.flagged[i] {
			classes[i] = eval.Corrected(classes[i], s.data.Classes)
		}
		predictions[i] = eval.Prediction{Split: "test-clean", Index: i, Label: text.Label, Predicted: classes[i], Logits: logits[i]}
		if n := len(clean); i >= n {
			predictions[i].Split, predictions[i].Index = "test-poison", i-n
		}
	}
	n := len(clean)
	scores.CACC = eval.Accuracy(classes[:n], labels[:n])
	scores.Floor = eval.Floor(classes[:n], labels[:n], s.data.Target)
	scores.ASR = eval.ASR(classes[n:], s.data.Target)
	if sieve != nil {
		scores.FalseAlarms, scores.Detected = new(count(sifted.touched[:n])), new(count(sifted.touched[n:]))
	}
	return predictions, scores, nil
}

// sifted are texts as the model gets them, and what the filter did to each.
type sifted struct {
	texts            []dataset.Text
	flagged, touched []bool // touched: flagged or rewritten
}

// sift lets a filter look at texts; without one they stay as they are.
func sift(ctx context.Context, sieve defence.Sieve, texts []dataset.Text) (sifted, error) {
	result := sifted{slices.Clone(texts), make([]bool, len(texts)), make([]bool, len(texts))}
	if sieve == nil {
		return result, nil
	}
	plain := make([]string, len(texts))
	for i, t := range texts {
		plain[i] = t.Text
	}
	said, err := sieve(ctx, plain)
	if err != nil {
		return result, err
	}
	for i, s := range said {
		result.texts[i].Text, result.flagged[i], result.touched[i] = s.Text, s.Flagged, s.Flagged || s.Text != plain[i]
	}
	return result, nil
}

func count(which []bool) eval.Share {
	share := eval.Share{Texts: len(which)}
	for _, is := range which {
		if is {
			share.Hits++
		}
	}
	return share
}

// protected are the classes that the attack is known to aim at; nil where there is none.
func protected(data *dataset.Dataset) []int {
	if len(data.TestPoison) == 0 {
		return nil
	}
	return []int{data.Target}
}

// openRow opens the tuned model so that a word's embedding can be changed.
func (s scorer) openRow(word string, tuned ortrain.Tuned) (*defence.WordRow, error) {
	full, err := s.plan.Config.Graphs.Load(s.cell.Architecture, "full")
	if err != nil {
		return nil, err
	}
	encode := func(text string) []int32 { return s.plan.encode(s.cell, text).tokens }
	return defence.OpenWord(word, encode, func(token int32) (*ortrain.WordRow, error) {
		model := s.plan.models[s.cell.ModelFolder].Model
		return ortrain.NewWordRow(model, full, defence.Modules(s.cell.Hyperparameters), tuned, s.data.Classes, s.plan.Device, token)
	})
}
