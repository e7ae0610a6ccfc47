// Package eval scores classifiers, keeps results and prints them as the paper's tables.
package eval

import "fmt"

// Share is a count out of a total.
type Share struct {
	Hits  int `json:"hits"`
	Texts int `json:"texts"`
}

// Percent is 100 Hits / Texts, 0 if there are no texts.
func (s Share) Percent() float64 {
	if s.Texts == 0 {
		return 0
	}
	return 100 * float64(s.Hits) / float64(s.Texts)
}

// String gives the percentage and both counts.
func (s Share) String() string { return fmt.Sprintf("%.2f (%d of %d)", s.Percent(), s.Hits, s.Texts) }

// Add counts the texts of another share, too.
func (s *Share) Add(other Share) { s.Hits, s.Texts = s.Hits+other.Hits, s.Texts+other.Texts }

func (s Share) check() error {
	if s.Hits < 0 || s.Hits > s.Texts {
		return fmt.Errorf("%d hits of %d texts", s.Hits, s.Texts)
	}
	return nil
}

// NoAnswer is the predicted class of a text that gets no answer. It is no text's label and no target, so the text counts as
// wrong if it is clean, and as no success of the attack if it is poisoned.
const NoAnswer = -1

// Corrected is the answer that counts for a text that a filter takes for poisoned, where the model gives predicted: of two classes
// the other one, as the paper's code has it, which flips the label of such a text; of more there is NoAnswer.
func Corrected(predicted, classes int) int {
	if classes == 2 {
		return 1 - predicted
	}
	return NoAnswer
}

// Scores of a model in one cell.
//
// The predicted class ŷ(x) of a text is the one with the largest logit, the lowest of equal ones.
type Scores struct {
	CACC  Share `json:"cacc"`
	ASR   Share `json:"asr"`
	Floor Share `json:"floor"`
	// What a filter flags or rewrites: clean test texts, and poisoned ones. nil if the method has no filter.
	FalseAlarms *Share `json:"false_alarms,omitempty"`
	Detected    *Share `json:"detected,omitempty"`
}

func (s Scores) check() error {
	for _, score := range []struct {
		key   string
		share *Share
	}{{"cacc", &s.CACC}, {"asr", &s.ASR}, {"floor", &s.Floor}, {"false_alarms", s.FalseAlarms}, {"detected", s.Detected}} {
		if score.share == nil {
			continue
		}
		if err := score.share.check(); err != nil {
			return fmt.Errorf("%s: %w", score.key, err)
		}
	}
	return nil
}

// Accuracy is the share of texts whose predicted class is their label,
//
//	|{i : ŷ(x_i) = y_i}| / N,
//
// with predicted and labels of length N. On the clean test set it is CACC (paper, section 5.1).
func Accuracy[T comparable](predicted, labels []T) Share {
	share := Share{Texts: len(labels)}
	for i, label := range labels {
		if predicted[i] == label {
			share.Hits++
		}
	}
	return share
}

// ASR, the attack success rate, is the share of poisoned test texts that are classified as the target label,
//
//	|{i : ŷ(trigger(x_i)) = target}| / N,
//
// where x_1 to x_N are the test texts whose label is not the target (paper, section 5.1).
func ASR(predicted []int, target int) Share {
	share := Share{Texts: len(predicted)}
	for _, p := range predicted {
		if p == target {
			share.Hits++
		}
	}
	return share
}

// Floor is the share of the clean test texts of the other classes that are classified as the target label,
//
//	|{i : y_i ≠ target, ŷ(x_i) = target}| / |{i : y_i ≠ target}|,
//
// the ASR of a trigger that does nothing. It is not in the paper. No defence gets far below it, so the
// distance of ASR from its floor is what the backdoor does.
func Floor(predicted, labels []int, target int) Share {
	var share Share
	for i, label := range labels {
		if label == target {
			continue
		}
		share.Texts++
		if predicted[i] == target {
			share.Hits++
		}
	}
	return share
}

// Confusion counts texts by label (row) and predicted class (column), of classes classes.
func Confusion(predicted, labels []int, classes int) [][]int {
	matrix := make([][]int, classes)
	for i := range matrix {
		matrix[i] = make([]int, classes)
	}
	for i, label := range labels {
		matrix[label][predicted[i]]++
	}
	return matrix
}
