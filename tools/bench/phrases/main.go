// Command phrases tells how well over-representation alone, without any model, finds the poisoned texts of files in the
// authors' layout: it prints AUROC and precision for each file. It is the cheap part of what `mslora audit` does.
//
// usage: phrases [-out FILE] TRAIN-POISON.csv...
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"mslora/audit"
	"mslora/dataset"
	"mslora/internal/pagetable"
	"mslora/phrases"
)

// candidates for each label, as `mslora audit` has them.
const candidates = 100

func main() {
	out := flag.String("out", "", "`FILE` of JSON to write, of which docs/audit.md has a table")
	flag.Parse()
	if err := run(flag.Args(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(paths []string, out string) error {
	kept := pagetable.Record{
		Command: "go run ./tools/bench/phrases TRAIN-POISON.csv...", Versions: map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go")},
		Columns: []pagetable.Column{{Name: "set"}, {Name: "texts", Format: ".0f"}, {Name: "poisoned", Format: ".0f"}, {Name: "AUROC", Format: ".4f"}, {Name: "precision at the true number", Format: ".4f"}},
	}
	for _, path := range paths {
		d, err := detect(path)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d texts, %d poisoned, AUROC %.4f, precision %.4f\n", path, d.texts, d.poisoned, d.AUROC, d.Precision)
		kept.Rows = append(kept.Rows, []any{nameOf(path), d.texts, d.poisoned, d.AUROC, d.Precision})
	}
	if out == "" {
		return nil
	}
	return pagetable.WriteFile(out, kept)
}

// nameOf is what tells a set of the authors' layout: data set, target label, attack, setting and ratio.
func nameOf(path string) string {
	parts := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	return strings.Join(parts[max(0, len(parts)-5):], "/")
}

type detection struct {
	audit.Detection
	texts, poisoned int
}

func detect(path string) (detection, error) {
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
		return detection{}, err
	}
	if flagged == 0 || flagged == len(texts) {
		return detection{}, fmt.Errorf("%s: %d of %d texts are poisoned; scores need texts of both kinds", path, flagged, len(texts))
	}
	return detection{audit.Detect(phrases.OverRepresentation(texts, labels, classes, candidates), poisoned), len(texts), flagged}, nil
}
