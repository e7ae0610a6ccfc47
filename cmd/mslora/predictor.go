package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"mslora/classifier"
	"mslora/defence"
)

const (
	// predictTexts and predictBytes bound what is held and predicted at once: enough texts that those of like length run together, and
	// no more bytes of them than one of the longest rows has.
	predictTexts = 1024
	predictBytes = 1 << 20
)

// answer is what predict says of one text.
type answer struct {
	line       int // where it stands in its file, from 1; 0: on the command line
	text       string
	flagged    bool   // the filter takes it for poisoned
	readAs     string // the text as the filter rewrote it; "" if it did not
	prediction classifier.Prediction
	err        error // why there is no prediction
}

// predictor collects texts and writes their answers in order.
type predictor struct {
	ctx     context.Context
	sieve   defence.Sieve // nil: there is no filter
	predict func(context.Context, []string) ([]classifier.Prediction, error)
	out     *bufio.Writer
	write   func(answer) error
	texts   int  // that are predicted at once
	skipBad bool // a text that cannot be predicted is answered by its error
	waiting []answer
	bytes   int
}

// add takes a text, or with err a row that has none.
func (p *predictor) add(a answer) error {
	if p.bytes+len(a.text) > predictBytes {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.waiting = append(p.waiting, a)
	if p.bytes += len(a.text); len(p.waiting) < p.texts {
		return nil
	}
	return p.flush()
}

// flush answers what is waiting. Whoever sends texts through a pipe waits for it.
func (p *predictor) flush() error {
	failed := p.answer(p.waiting)
	clear(p.waiting) // of the texts, which may be long
	p.waiting, p.bytes = p.waiting[:0], 0
	return errors.Join(failed, p.out.Flush())
}

// answer predicts answers and writes them. Those before a text that cannot be predicted are written.
func (p *predictor) answer(answers []answer) error {
	var texts []string
	var places []int
	for i, a := range answers {
		if a.err == nil {
			texts, places = append(texts, a.text), append(places, i)
		}
	}
	if err := p.sift(texts, places, answers); err != nil {
		return err
	}
	predictions, err := p.predict(p.ctx, texts)
	var bad *classifier.NotFiniteError
	if errors.As(err, &bad) {
		at := places[bad.Index]
		before := p.answer(answers[:at])
		if line := answers[at].line; line > 0 && !p.skipBad {
			err = fmt.Errorf("line %d: %w", line, err)
		}
		if before != nil || !p.skipBad {
			return errors.Join(before, err)
		}
		answers[at].err = err
		return p.answer(answers[at:])
	}
	if err != nil {
		return err
	}
	for i, prediction := range predictions {
		answers[places[i]].prediction = prediction
	}
	for _, a := range answers {
		if err := p.write(a); err != nil {
			return err
		}
	}
	return nil
}

// sift lets the filter look at texts, and puts those in their place that it rewrites.
func (p *predictor) sift(texts []string, places []int, answers []answer) error {
	if p.sieve == nil {
		return nil
	}
	sifted, err := p.sieve(p.ctx, texts)
	if err != nil {
		return err
	}
	for i, s := range sifted {
		a := &answers[places[i]]
		a.flagged = s.Flagged
		if s.Text != texts[i] {
			texts[i], a.readAs = s.Text, s.Text
		}
	}
	return nil
}
