// Command phrases tells how well over-representation alone, without any model, finds the poisoned texts of files in the
// authors' layout: it prints AUROC and precision for each file. It is the cheap part of what `mslora audit` does.
//
// usage: phrases TRAIN-POISON.csv...
package main

import (
	"fmt"
	"os"
	"strconv"

	"mslora/audit"
	"mslora/dataset"
	"mslora/phrases"
)

// candidates for each label, as `mslora audit` has them.
const candidates = 100

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: phrases TRAIN-POISON.csv...")
		os.Exit(2)
	}
	for _, path := range os.Args[1:] {
		if err := run(path); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
	}
}

func run(path string) error {
	var texts []string
	var labels []int
	var poisoned []bool
	classes, flagged := 0, 0
	_, err := dataset.EachNamed(path, dataset.Reading{Text: "0", Label: "1", Flag: "2"}, func(t dataset.NamedText) error {
		label, err := strconv.ParseUint(t.Label, 10, 8)
		if err != nil {
			return fmt.Errorf("line %d: label %q is no class number", t.Line, t.Label)
		}
		classes = max(classes, int(label)+1)
		texts, labels, poisoned = append(texts, t.Text), append(labels, int(label)), append(poisoned, t.Poisoned)
		if t.Poisoned {
			flagged++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if flagged == 0 || flagged == len(texts) {
		return fmt.Errorf("%s: %d of %d texts are poisoned; scores need texts of both kinds", path, flagged, len(texts))
	}
	d := audit.Detect(phrases.OverRepresentation(texts, labels, classes, candidates), poisoned)
	fmt.Printf("%s: %d texts, %d poisoned, AUROC %.4f, precision %.4f\n", path, len(texts), flagged, d.AUROC, d.Precision)
	return nil
}
