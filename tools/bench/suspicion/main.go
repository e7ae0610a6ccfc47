// Command suspicion tells how well package suspicion finds poisoned texts, and how often it calls a clean set poisoned: it draws
// sets from files of the authors' layout, searches each, and prints what was found beside what is known.
//
// usage: suspicion -train FILE -dev FILE [-poison FILE] [-data NAME -attack NAME -out FILE] [flags]
//
// -out keeps what was measured in a file, of which docs/purify.md has tables.
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
	"path/filepath"
	"runtime"
	"slices"

	"mslora/dataset"
	"mslora/internal/filesum"
	"mslora/internal/pagetable"
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
	first := flag.Int("first", 0, "seed of the first set; those after it have the next ones")
	var d drawing
	flag.Float64Var(&d.ratio, "ratio", 0.1, "poison ratio")
	flag.StringVar(&d.setting, "setting", "mix", "with -poison: clean, dirty or mix")
	flag.IntVar(&d.target, "target", 1, "with -poison: the target label")
	flag.IntVar(&d.trusted, "trusted", 96, "trusted texts")
	flag.Float64Var(&d.noise, "noise", 0, "share of honest texts whose label is drawn wrong")
	flag.Float64Var(&d.imbalance, "imbalance", 0, "share of the honest texts of label 0 that are left out")
	flag.IntVar(&d.size, "size", 0, "texts of each set, 0: all")
	data := flag.String("data", "", "`NAME` of the data set, for -out")
	attack := flag.String("attack", "", "`NAME` of the attack, for -out")
	out := flag.String("out", "", "`FILE` of JSON to write")
	without := flag.String("without", "", "`SIGNAL` that is left out, see package suspicion")
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
	result := measured{
		Data: *data, Attack: *attack, Setting: d.setting, Model: filepath.Base(*model), Trusted: d.trusted, Noise: d.noise, Imbalance: d.imbalance, Ratio: d.ratio, Without: *without, First: *first,
		Files: map[string]string{}, Go: runtime.Version(), Threads: *threads,
	}
	for role, path := range map[string]string{"train": *train, "dev": *dev, "poison": *poison} {
		if path == "" {
			continue
		}
		if result.Files[role], err = filesum.Of(path); err != nil {
			return err
		}
	}
	called := 0
	for draw := *first; draw < *first+*draws; draw++ {
		texts, trusted, err := d.draw(rand.New(rand.NewPCG(uint64(draw), 0x64726177)), uint64(draw))
		if err != nil {
			return err
		}
		o := suspicion.Options{Seed: uint64(draw), Threads: *threads}
		if *without != "" {
			o.Without = []suspicion.Signal{suspicion.Signal(*without)}
			if !slices.Contains(suspicion.Signals, o.Without[0]) {
				return fmt.Errorf("-without %s: signals are %q", *without, suspicion.Signals)
			}
		}
		found, seconds, err := vectors.search(ctx, texts, trusted, o)
		if err != nil {
			return err
		}
		of := drawnOf(texts, found)
		of.Seconds = seconds
		if of.Poisoned > 0 {
			of.Baselines = vectors.baselines(texts)
		}
		if of.called() {
			called++
		}
		fmt.Println(of)
		result.Draws = append(result.Draws, of)
	}
	fmt.Printf("%d of %d sets called poisoned\n", called, *draws)
	if *out == "" {
		return nil
	}
	return pagetable.WriteFile(*out, result)
}
