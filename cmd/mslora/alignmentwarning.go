package main

import (
	"context"
	"fmt"
	"io"

	"mslora/experiment"
	"mslora/gradalign"
	"mslora/ortrain"
	"mslora/params"
)

// alignmentWatch is the hook that warns of raw gradients as soon as an epoch of them is over, and once.
type alignmentWatch struct {
	ortrain.NoHook
	cell   experiment.Cell
	stderr io.Writer
	title  string // before the warning, "" for none
	said   bool
}

func (w *alignmentWatch) Epoch(_ context.Context, _ *ortrain.Run, history []ortrain.EpochRecord) error {
	w.look(history)
	return nil
}

// look warns if the epochs so far call for it. It gives the warning, whether it was said before or not.
func (w *alignmentWatch) look(history []ortrain.EpochRecord) string {
	text := alignmentWarning(history, w.cell)
	if text != "" && !w.said {
		w.said = true
		warn(w.stderr, w.title+text)
	}
	return text
}

// alignmentWarning names the first epoch most of which trained on raw gradients, neither aligned nor mixed, as the authors' rule
// has it where the trusted texts are learned before the others: there a backdoor takes (see docs/reproduction.md), and
// accuracy cannot show it. It is empty for methods that do not align.
func alignmentWarning(history []ortrain.EpochRecord, cell experiment.Cell) string {
	h := cell.Hyperparameters
	if !h.Has(params.Align) || h.Word(params.Align) != gradalign.Authors {
		return ""
	}
	for epoch, record := range history {
		if mixes := h.Float("mu_max") > 0 && epoch >= h.Int("mix_from"); !mixes && record.FullyAligned < 0.5 {
			return fmt.Sprintf("gradients were aligned in only %.0f %% of epoch %d, so a backdoor may have taken; "+
				"train again with a lower --lr or with --align always", 100*record.FullyAligned, epoch+1)
		}
	}
	return ""
}
