package main

import (
	"context"
	"encoding/gob"
	"errors"
	"io/fs"
	"math"
	"os"
	"time"

	"mslora/audit"
	"mslora/dataset"
	"mslora/defence"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/atomicfile"
	"mslora/internal/ortlib"
	"mslora/ortrain"
	"mslora/phrases"
	"mslora/suspicion"
)

// vectors are those of the frozen backbone, each computed once.
type vectors struct {
	path    string // "": they are not kept
	known   map[string][]float32
	changed bool
	model   *experiment.Pretrained
}

func openVectors(path, folder string, threads int) (*vectors, error) {
	v := &vectors{path: path, known: map[string][]float32{}}
	if path != "" {
		switch file, err := os.Open(path); {
		case err == nil:
			defer file.Close()
			if err := gob.NewDecoder(file).Decode(&v.known); err != nil {
				return nil, err
			}
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if err := ortlib.Start(""); err != nil {
		return nil, err
	}
	var err error
	v.model, err = experiment.OpenPretrained(folder, graphs.Store{}, ortrain.Device{Provider: "cpu", Threads: threads})
	return v, err
}

// search looks for poison, without being told of any, and gives the seconds that it took once the vectors were there.
func (v *vectors) search(ctx context.Context, texts, trusted []dataset.Text, o suspicion.Options) (suspicion.Result, float64, error) {
	if err := v.learn(ctx, texts, trusted); err != nil {
		return suspicion.Result{}, 0, err
	}
	of := func(texts []dataset.Text) (all []suspicion.Text) {
		for _, t := range texts {
			o.Classes = max(o.Classes, t.Label+1)
			all = append(all, suspicion.Text{Text: t.Text, Label: t.Label, Vector: v.known[t.Text]})
		}
		return all
	}
	all, known := of(texts), of(trusted)
	began := time.Now()
	found, err := suspicion.Find(ctx, all, known, o)
	return found, math.Round(10*time.Since(began).Seconds()) / 10, err
}

// Other rankings.
const (
	overRepresentation = "over-representation of phrases"
	spectralSignatures = "spectral signatures of the vectors"
	wordScores         = "z-scores of words (Z-Def)"
)

// baselines are the AUROC of rankings that are there without any training, too.
func (v *vectors) baselines(texts []dataset.Text) map[string]float64 {
	plain, labels, rows, poisoned, classes := make([]string, len(texts)), make([]int, len(texts)), make([][]float32, len(texts)), make([]bool, len(texts)), 0
	for i, t := range texts {
		plain[i], labels[i], rows[i], poisoned[i] = t.Text, t.Label, v.known[t.Text], t.Poisoned
		classes = max(classes, t.Label+1)
	}
	return map[string]float64{
		overRepresentation: audit.Detect(phrases.OverRepresentation(plain, labels, classes, 100), poisoned).AUROC,
		spectralSignatures: audit.Detect(audit.SpectralSignatures(rows, labels, classes), poisoned).AUROC,
		wordScores:         audit.Detect(defence.ZScores(texts, classes), poisoned).AUROC,
	}
}

func (v *vectors) learn(ctx context.Context, sets ...[]dataset.Text) error {
	var unknown []string
	for _, set := range sets {
		for _, t := range set {
			if _, is := v.known[t.Text]; !is {
				v.known[t.Text] = nil
				unknown = append(unknown, t.Text)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	found, err := v.model.Vectors(ctx, unknown)
	for i := range found {
		v.known[unknown[i]] = found[i]
	}
	v.changed = true
	return err
}

func (v *vectors) close() error {
	if err := v.model.Close(); err != nil || v.path == "" || !v.changed {
		return err
	}
	file, err := atomicfile.Create(v.path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := gob.NewEncoder(file).Encode(v.known); err != nil {
		return err
	}
	return file.Commit()
}
