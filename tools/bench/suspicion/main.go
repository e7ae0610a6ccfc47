// Command suspicion tells how well package suspicion finds poisoned texts, and how often it calls a clean set poisoned: it draws
// sets from files of the authors' layout, searches each, and prints what was found beside what is known.
//
// usage: suspicion -train FILE -dev FILE [-poison FILE] [flags]
//
// With -poison, the file of the same texts all of which are poisoned, sets are mixed as `mslora poison` does, from the clean
// texts of -train. Without it -train has poisoned texts, of which a smaller -ratio leaves some out. Trusted texts are drawn from -dev.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"mslora/audit"
	"mslora/dataset"
	"mslora/suspicion"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	model := flag.String("model", ".deps/models/bge-small", "`FOLDER` of the pretrained model")
	cache := flag.String("cache", "", "`FILE` that keeps vectors for the next call")
	train := flag.String("train", "", "`FILE` of training texts")
	poison := flag.String("poison", "", "`FILE` of the same texts, all poisoned")
	dev := flag.String("dev", "", "`FILE` that trusted texts are drawn from")
	draws := flag.Int("draws", 1, "sets that are drawn")
	var d drawing
	flag.Float64Var(&d.ratio, "ratio", 0.1, "poison ratio")
	flag.StringVar(&d.setting, "setting", "mix", "with -poison: clean, dirty or mix")
	flag.IntVar(&d.target, "target", 1, "with -poison: the target label")
	flag.IntVar(&d.trusted, "trusted", 96, "trusted texts")
	flag.Float64Var(&d.noise, "noise", 0, "share of honest texts whose label is drawn wrong")
	flag.Float64Var(&d.imbalance, "imbalance", 0, "share of the honest texts of label 0 that are left out")
	flag.IntVar(&d.size, "size", 0, "texts of each set, 0: all")
	threads := flag.Int("threads", 2, "CPU threads")
	flag.Parse()
	var err error
	if d.train, err = dataset.ReadTexts(*train); err != nil {
		return err
	}
	if d.dev, err = dataset.ReadTexts(*dev); err != nil {
		return err
	}
	if *poison != "" {
		if d.poison, err = dataset.ReadTexts(*poison); err != nil {
			return err
		}
	}
	vectors, err := openVectors(*cache, *model, *threads)
	if err != nil {
		return err
	}
	defer vectors.close()
	var total summary
	for draw := range *draws {
		texts, trusted, err := d.draw(rand.New(rand.NewPCG(uint64(draw), 0x64726177)), uint64(draw))
		if err != nil {
			return err
		}
		began := time.Now()
		found, err := vectors.search(ctx, texts, trusted, suspicion.Options{Seed: uint64(draw), Threads: *threads})
		if err != nil {
			return err
		}
		fmt.Println(total.add(texts, found), time.Since(began).Round(100*time.Millisecond))
	}
	fmt.Println(total)
	return nil
}

// summary adds up what was found in the sets.
type summary struct{ sets, called, poisoned, found, honest, dropped, within int }

func (s *summary) add(texts []dataset.Text, r suspicion.Result) string {
	var poisoned []bool
	var perLabel = make([]int, len(r.Labels))
	n, found, dropped := 0, 0, 0
	for i, t := range texts {
		poisoned = append(poisoned, t.Poisoned)
		is := r.Suspected(t.Label, i)
		switch {
		case t.Poisoned && is:
			found++
			fallthrough
		case t.Poisoned:
			n++
			perLabel[t.Label]++
		case is:
			dropped++
		}
	}
	s.sets++
	s.poisoned, s.found, s.honest, s.dropped = s.poisoned+n, s.found+found, s.honest+len(texts)-n, s.dropped+dropped
	line := fmt.Sprintf("%d texts, %d poisoned, found %d, honest dropped %d", len(texts), n, found, dropped)
	if n > 0 {
		line += fmt.Sprintf(", AUROC %.4f", audit.Detect(r.Odds, poisoned).AUROC)
	}
	called := false
	for class, l := range r.Labels {
		line += fmt.Sprintf("; label %d: gain %.0f of %.0f expected, chance %.2g", class, l.Gain, l.Expected, l.Chance)
		if called = called || l.Attacked; l.Attacked {
			line += fmt.Sprintf(", ATTACKED, %.0f (%.0f to %.0f) poisoned", l.Poisoned, l.Low, l.High)
			if l.Low <= float64(perLabel[class]) && float64(perLabel[class]) <= l.High {
				s.within++
			}
		}
		var names []string
		for _, p := range l.Patterns[:min(3, len(l.Patterns))] {
			names = append(names, fmt.Sprintf("%q", p.Name))
		}
		if len(names) > 0 && l.Attacked {
			line += " by " + strings.Join(names, ", ")
		}
	}
	if called {
		s.called++
	}
	return line
}

func (s summary) String() string {
	return fmt.Sprintf("%d of %d sets called poisoned; found %d of %d poisoned texts, dropped %d of %d honest ones; the number of %d attacked labels was within its bounds",
		s.called, s.sets, s.found, s.poisoned, s.dropped, s.honest, s.within)
}
