package main

import (
	"fmt"
	"math/rand/v2"

	"mslora/dataset"
	"mslora/poison"
)

// drawing says how sets are drawn.
type drawing struct {
	train, poison, dev      []dataset.Text
	ratio, noise, imbalance float64
	setting                 string
	target, trusted, size   int
}

// draw gives a set and trusted texts.
func (d drawing) draw(random *rand.Rand, seed uint64) (texts, trusted []dataset.Text, err error) {
	all := d.train
	if d.poison != nil && d.ratio > 0 {
		if all, err = poison.Mix(d.train, d.poison, d.setting, d.ratio, d.target, seed); err != nil {
			return nil, nil, err
		}
	}
	classes := 0
	for _, t := range all {
		classes = max(classes, t.Label+1)
	}
	left := int(d.ratio * float64(len(all)))
	for _, i := range random.Perm(len(all)) {
		t := all[i]
		switch {
		case t.Poisoned:
			if left--; left < 0 {
				continue
			}
		case t.Label == 0 && random.Float64() < d.imbalance:
			continue
		case random.Float64() < d.noise:
			t.Label = (t.Label + 1 + random.IntN(classes-1)) % classes
		}
		if texts = append(texts, t); len(texts) == d.size {
			break
		}
	}
	if d.trusted > len(d.dev) {
		return nil, nil, fmt.Errorf("%d trusted texts of %d", d.trusted, len(d.dev))
	}
	for _, i := range random.Perm(len(d.dev))[:d.trusted] {
		trusted = append(trusted, d.dev[i])
	}
	return texts, trusted, nil
}
