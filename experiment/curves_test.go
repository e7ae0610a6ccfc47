package experiment

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mslora/internal/tensorboard"
)

// timeless gives an event file without the times in its records, and without their checksums.
func timeless(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for rest := data; len(rest) > 0; {
		size := binary.LittleEndian.Uint64(rest)
		event := rest[12 : 12+size]
		all, rest = append(all, event[9:]...), rest[12+size+4:] // the time comes first, a byte for its tag and eight
	}
	return all
}

// However often a training is interrupted, each step and each epoch has one record, and so has each point of the analysis.
func TestCurvesResume(t *testing.T) {
	config := withPoison(t, 100)
	config.Methods, config.TensorBoard = []string{"musclelora"}, true
	config.Hyperparameters["auxiliary"] = []any{4}
	whole, plan := openPlan(t, config), openPlan(t, config)
	whole.Config.Out = filepath.Join(t.TempDir(), "whole")
	cell := plan.Cells[0]
	if _, err := whole.Run(context.Background(), cell, false, whole.Hooks(cell)...); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(plan.Folder(cell), tensorboard.FileName)
	for _, step := range []int{3, 5, 12, 20} {
		interrupted(t, plan, step, plan.Hooks(cell)...)
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		later := tensorboard.Scalars(step+1, time.Now(), tensorboard.Scalar{Tag: "train/loss", Value: 9})
		file.Write(append(later, later[:30]...)) // as a program leaves it that is killed after the checkpoint
		file.Close()
	}
	if _, err := plan.Run(context.Background(), cell, false, plan.Hooks(cell)...); err != nil {
		t.Fatal(err)
	}
	want, got := timeless(t, filepath.Join(whole.Folder(cell), tensorboard.FileName)), timeless(t, path)
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes after interruptions, want %d", len(got), len(want))
	}
	for tag, count := range map[string]int{
		"train/loss": 28, "train/learning_rate": 28, "train/gradient_norm": 28, "train/auxiliary_loss": 28, "train/mu": 28, "train/fully_aligned": 28,
		"dev/accuracy": 2, "dev/asr": 4, "fourier/clean_lfr": 4, "fourier/clean_high_error": 4, "fourier/backdoor_low_error": 4, "fourier/backdoor_high_error": 0,
	} {
		if n := bytes.Count(want, []byte(tag)); n != count {
			t.Errorf("%d points of %s, want %d", n, tag, count)
		}
	}
}

// A file that is there already without being TensorBoard's is not cut.
func TestCurvesKeepForeignFile(t *testing.T) {
	config := withPoison(t, 100)
	config.Fourier, config.TensorBoard = Fourier{}, true
	plan := openPlan(t, config)
	cell := plan.Cells[0]
	interrupted(t, plan, 3)
	path, text := filepath.Join(plan.Folder(cell), tensorboard.FileName), bytes.Repeat([]byte("notes "), 20)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := plan.Run(context.Background(), cell, false, plan.Hooks(cell)...)
	left, _ := os.ReadFile(path)
	if err == nil || !bytes.Equal(left, text) {
		t.Errorf("error %v, %d bytes left", err, len(left))
	}
}
