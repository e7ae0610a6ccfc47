package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mslora/classifier"
	"mslora/eval"
	"mslora/ortrain"
	"mslora/report"
)

// scoreQuantized opens the quantized file of the classifier in folder as its users will, and compares it with what the float32 one
// said of splits. A warning says if it gives too many texts another label.
func scoreQuantized(ctx context.Context, folder string, device ortrain.Device, splits []scoredSplit) (q *report.Quantized, warning string, err error) {
	quantized, err := classifier.OpenQuantized(folder, device)
	if err != nil {
		return nil, "", err
	}
	defer quantized.Close()
	q = &report.Quantized{File: classifier.QuantizedFile}
	for name, bytes := range map[string]*int64{classifier.QuantizedFile: &q.Bytes, classifier.ONNXFile: &q.Float32Bytes} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			return nil, "", err
		}
		*bytes = info.Size()
	}
	for _, float := range splits {
		rounded := scoredSplit{name: float.name, texts: float.texts}
		if err := rounded.score(ctx, quantized); err != nil {
			return nil, "", err
		}
		same := eval.Accuracy(rounded.classes(), float.classes())
		q.Splits = append(q.Splits, report.QuantizedSplit{
			Name: float.name, Texts: len(float.texts), Accuracy: rounded.accuracy.Percent(), Float32Accuracy: float.accuracy.Percent(),
			Same: same.Hits, Speed: rounded.speed(), Float32Speed: float.speed(),
		})
		if same.Percent() < classifier.LeastAgreement && warning == "" {
			warning = fmt.Sprintf("%s gives only %s of the %s texts the label of the float32 classifier, expected %d %% or more: do not use it",
				classifier.QuantizedFile, same, float.name, classifier.LeastAgreement)
		}
	}
	return q, warning, nil
}

// quantizedEvent is what --json says of the quantized file on one split.
type quantizedEvent struct {
	Event           string  `json:"event"`
	Split           string  `json:"split"`
	File            string  `json:"file"`
	Bytes           int64   `json:"bytes"`
	Float32Bytes    int64   `json:"float32_bytes"`
	Texts           int     `json:"texts"`
	Accuracy        float64 `json:"accuracy"` // percent
	Float32Accuracy float64 `json:"float32_accuracy"`
	Same            int     `json:"same_labels"` // texts
	Speed           float64 `json:"texts_per_second"`
	Float32Speed    float64 `json:"float32_texts_per_second"`
}

// summarizeQuantized prints how the quantized file does.
func (o trainOptions) summarizeQuantized(q *report.Quantized) error {
	for _, s := range q.Splits {
		if o.JSON {
			err := writeJSON(o.Stdout, quantizedEvent{"quantized", s.Name, q.File, q.Bytes, q.Float32Bytes, s.Texts, s.Accuracy, s.Float32Accuracy, s.Same, s.Speed, s.Float32Speed})
			if err != nil {
				return err
			}
			continue
		}
		say(o.Stdout, "int8 %s accuracy %.2f, float32's label for %d of %d texts, %.0f texts a second (float32 %.0f)",
			s.Name, s.Accuracy, s.Same, s.Texts, s.Speed, s.Float32Speed)
	}
	if !o.JSON {
		say(o.Stdout, "%s: %.1f MB (float32 %.1f MB)", q.File, float64(q.Bytes)/1e6, float64(q.Float32Bytes)/1e6)
	}
	return nil
}
