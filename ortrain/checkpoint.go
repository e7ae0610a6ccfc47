package ortrain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// state is the part of a run that is neither data nor setting. No generator state is in it: every random
// draw is a function of the seed and the step.
type state struct {
	Step    int           `json:"step"` // finished steps
	History []EpochRecord `json:"history"`

	// Sums over the finished steps of the open epoch.
	Loss, AuxLoss, FullyAligned, Norm float64
}

func (s *state) add(r StepRecord) {
	s.Step++
	s.Loss += r.Loss
	s.AuxLoss += r.AuxLoss
	s.FullyAligned += r.FullyAligned
	s.Norm += r.GradientNorm
}

// closeEpoch turns the sums into a record. The first of several equally good epochs stays the best.
func (s *state) closeEpoch(steps int, mu, accuracy float64) EpochRecord {
	best := true
	for _, earlier := range s.History {
		best = best && accuracy > earlier.DevAccuracy
	}
	n := float64(steps)
	record := EpochRecord{
		Epoch: len(s.History) + 1, Loss: s.Loss / n, AuxLoss: s.AuxLoss / n, Mu: mu,
		FullyAligned: s.FullyAligned / n, GradientNorm: s.Norm / n, DevAccuracy: accuracy, Best: best,
	}
	s.History = append(s.History, record)
	s.Loss, s.AuxLoss, s.FullyAligned, s.Norm = 0, 0, 0, 0
	return record
}

const (
	firstMoment, secondMoment = "adamw.m.", "adamw.v."
	touchedRows               = "adamw.touched."
)

// CheckpointFile is the name of the file that a training goes on from, as long as it is not finished.
const CheckpointFile = "checkpoint.safetensors"

func (t *Trainer) checkpointPath() string { return filepath.Join(t.folder, CheckpointFile) }

// metadata names the step that tensors were saved at.
func (t *Trainer) metadata() map[string]string {
	return map[string]string{"graph": t.step.manifest.Method, "step": strconv.Itoa(t.state.Step), "epoch": strconv.Itoa(len(t.state.History))}
}

// save replaces the checkpoint: parameters, AdamW moments and state.
func (t *Trainer) save() error {
	encoded, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	var arrays []safetensors.Array
	for _, p := range t.step.parameters {
		arrays = append(arrays,
			safetensors.Float32Array(p.Name, p.Shape, p.Data),
			safetensors.Float32Array(firstMoment+p.Name, p.Shape, p.M),
			safetensors.Float32Array(secondMoment+p.Name, p.Shape, p.V))
		if p.Table != "" {
			touched := make([]float32, len(p.touched))
			for i, is := range p.touched {
				if is {
					touched[i] = 1
				}
			}
			arrays = append(arrays, safetensors.Float32Array(touchedRows+p.Name, p.Shape[:1], touched))
		}
	}
	return safetensors.Write(t.checkpointPath(), arrays, map[string]string{"state": string(encoded)})
}

// restore continues from the checkpoint if the folder has one.
func (t *Trainer) restore() error {
	file, err := safetensors.Open(t.checkpointPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	for _, p := range t.step.parameters {
		targets := map[string][]float32{p.Name: p.Data, firstMoment + p.Name: p.M, secondMoment + p.Name: p.V}
		if p.Table != "" {
			targets[touchedRows+p.Name] = make([]float32, len(p.touched))
		}
		for name, target := range targets {
			values, err := file.Float32(name)
			if err != nil || len(values) != len(target) {
				return &hint.Error{
					Err:  fmt.Errorf("%s does not fit this run: tensor %s", t.checkpointPath(), name),
					Hint: "it was written with another setting; remove the folder to start anew",
				}
			}
			copy(target, values)
		}
		for i, is := range targets[touchedRows+p.Name] {
			p.touched[i] = is == 1
		}
	}
	if err := json.Unmarshal([]byte(file.Metadata["state"]), &t.state); err != nil {
		return fmt.Errorf("%s: state: %w", t.checkpointPath(), err)
	}
	return nil
}
