package experiment

import (
	"context"
	"path/filepath"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/ortrain"
)

// score predicts both test sets with the best epoch's tensors and, where there are, with the last epoch's, and leaves the
// best epoch's predictions in the cell's folder.
func (p *Plan) score(ctx context.Context, cell Cell, method defence.Method, folder string, data *dataset.Dataset, ready prepared, t training, hooks []ortrain.Hook) (eval.Result, error) {
	best, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	if err != nil {
		return eval.Result{}, err
	}
	var result eval.Result
	for _, epoch := range t.history {
		if epoch.Best {
			result.BestEpoch, result.DevAccuracy = epoch.Epoch, epoch.DevAccuracy
		}
	}
	result.Epochs, result.Training, result.TrainedBy = len(t.history), t.sum, t.from
	again := result.BestEpoch < result.Epochs && t.trainer != nil // a training that was taken over has lost the last epoch's tensors
	watch := &siftWatch{hooks: hooks, begun: time.Now(), all: p.siftReadings(cell, method, ready, data)}
	if again && !method.Blind() {
		watch.all *= 2
	}
	scorer := scorer{p, cell, method, data, ready, t.evaluator, watch}
	predictions, scores, err := scorer.predict(ctx, best)
	if err != nil {
		return result, err
	}
	if err := eval.WritePredictions(filepath.Join(folder, predictionsFile), predictions, data.Classes, data.Labels); err != nil {
		return result, err
	}
	result.Scores = scores
	switch {
	case result.BestEpoch == result.Epochs:
		result.LastEpoch = &scores
	case again:
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
	watch     *siftWatch
}

// predict classifies the clean and the poisoned test texts with tuned tensors. The method's filter, if it has one, looks at
// all of them first: a text that it flags counts as eval.Corrected says.
func (s scorer) predict(ctx context.Context, tuned ortrain.Tuned) ([]eval.Prediction, eval.Scores, error) {
	var scores eval.Scores
	if err := s.evaluator.Use(tuned); err != nil {
		return nil, scores, err
	}
	sifted, err := s.sift(ctx, tuned)
	if err != nil {
		return nil, scores, err
	}
	logits, err := s.evaluator.Logits(ctx, s.plan.examples(s.cell, sifted.texts))
	if err != nil {
		return nil, scores, err
	}
	clean, texts := s.data.TestClean, sifted.texts
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
	if s.method.Filter != nil {
		scores.FalseAlarms, scores.Detected = new(count(sifted.touched[:n])), new(count(sifted.touched[n:]))
	}
	return predictions, scores, nil
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
