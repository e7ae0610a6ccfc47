package main

import (
	"fmt"

	"mslora/experiment"
	"mslora/gradalign"
	"mslora/ortrain"
	"mslora/params"
)

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
