// Package report writes what a person should know about one trained classifier, a self-contained HTML page
// and the model card of a Hugging Face model folder, or about an experiment, a page too. Everything but the fixed words is data of unknown origin
// and is escaped; invisible characters in it are shown by their code points.
package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"
)

// Report is what is known about a classifier. Every field may be empty; what is unknown is left out or said
// to be unknown.
type Report struct {
	Title   string    // name of the classifier
	Model   string    // base model, best its id on the model hub
	Method  string    // training method, as people write it
	Data    string    // names of the data files
	Created time.Time // shown in UTC
	// Languages of the texts, as ISO 639 codes such as en; they are for the card.
	Languages []string

	Epochs         []Epoch   // in order
	Labels         []string  // class names in class order
	Splits         []Split   // such as dev and test; one named "test", else the last one, gives the headline
	Examples       []Example // such as the most confident mistakes, in the order to show
	Settings       []Pair
	Checksums      []Pair     // file and SHA-256
	Warnings       []string   // sentences, such as: fewer trusted texts than asked for
	Poison         []string   // sentences: whether the training texts look poisoned, and what was done; none if nobody looked
	PoisonCard     []string   // the same for the card, which quotes no texts
	PoisonExamples []string   // texts that were dropped, the clearest first; not for the card
	Balanced       bool       // dev accuracies of epochs are balanced: means of the classes' recalls
	Quantized      *Quantized // nil: there is no quantized file
}

// Epoch tells how one epoch of training went. Losses and shares are means over the epoch's steps.
type Epoch struct {
	Epoch        int     // from 1, rising
	Loss         float64 // cross-entropy on the training texts, nats; NaN and Inf are reported, not drawn
	AuxLoss      float64 // the same on the trusted texts; 0 when unused
	DevAccuracy  float64 // percent
	Mu           float64 // share of the unaligned gradient (Eq. 8), 0 to 1
	FullyAligned float64 // share of tensors that took the aligned gradient alone, 0 to 1
	Best         bool    // better on dev than every epoch before; the last of these was kept
}

// Split is how the classifier did on one part of the data.
type Split struct {
	Name      string
	Texts     int
	Accuracy  float64 // percent
	Confusion [][]int // texts by true label (row) and predicted label (column), in class order; nil if unknown
}

// Example is a text that the classifier was asked about.
type Example struct {
	Text        string
	Label       string  // what the data says
	Predicted   string  // what the classifier says
	Probability float64 // that it gave to Predicted, 0 to 1
}

// Pair is a line of a list.
type Pair struct{ Name, Value string }

// Write writes the report as one HTML page that needs nothing else: no script, no font, no other file.
// Impossible numbers and a confusion matrix that contradicts the labels, texts or accuracy beside it are
// errors, and then nothing is written.
func (r Report) Write(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, newPage(r)); err != nil {
		return err
	}
	_, err := w.Write(page.Bytes())
	return err
}

// WriteCard writes the report as the README.md of a Hugging Face model folder: YAML front matter and Markdown
// (GitHub's kind). It names no license, which only the owner of the model can do, and quotes no texts of the
// data. Errors are those of Write.
func (r Report) WriteCard(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	var card bytes.Buffer
	if err := cardTemplate.Execute(&card, newCard(r)); err != nil {
		return err
	}
	_, err := w.Write(card.Bytes())
	return err
}

// accuracyTolerance is how far, in points, an accuracy may be from that of its confusion matrix: it may have
// been rounded to one decimal.
const accuracyTolerance = 0.051

// check finds numbers that are impossible or contradict each other, so that no report shows them.
func (r Report) check() error {
	for i, e := range r.Epochs {
		if e.Epoch < 1 || i > 0 && e.Epoch <= r.Epochs[i-1].Epoch {
			return fmt.Errorf("epoch %d stands in place %d, want numbers that rise from 1", e.Epoch, i+1)
		}
		if e.DevAccuracy < 0 || e.DevAccuracy > 100 {
			return fmt.Errorf("epoch %d: dev accuracy is %g, want percent", e.Epoch, e.DevAccuracy)
		}
	}
	if r.Quantized != nil {
		if err := r.Quantized.check(); err != nil {
			return err
		}
	}
	for _, s := range r.Splits {
		if err := s.check(len(r.Labels)); err != nil {
			return fmt.Errorf("split %q: %w", s.Name, err)
		}
	}
	return nil
}

func (s Split) check(labels int) error {
	if s.Texts < 0 {
		return fmt.Errorf("it has %d texts", s.Texts)
	}
	if s.Accuracy < 0 || s.Accuracy > 100 {
		return fmt.Errorf("accuracy is %g, want percent", s.Accuracy)
	}
	if s.Confusion == nil {
		return nil
	}
	if len(s.Confusion) != labels {
		return fmt.Errorf("confusion matrix has %d rows for %d labels", len(s.Confusion), labels)
	}
	total := 0
	for i, row := range s.Confusion {
		if len(row) != labels {
			return fmt.Errorf("row %d of the confusion matrix has %d columns for %d labels", i, len(row), labels)
		}
		for _, n := range row {
			if n < 0 || n > s.Texts-total {
				return fmt.Errorf("confusion matrix does not add up to %d texts", s.Texts)
			}
			total += n
		}
	}
	if total != s.Texts {
		return fmt.Errorf("confusion matrix has %d of %d texts", total, s.Texts)
	}
	if share := percent(s.right(), s.Texts); math.Abs(share-s.Accuracy) > accuracyTolerance {
		return fmt.Errorf("accuracy is %.2f, its confusion matrix says %.2f", s.Accuracy, share)
	}
	return nil
}
