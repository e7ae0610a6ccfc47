package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/folderlock"
	"mslora/params"
)

func exampleCell() Cell {
	return Cell{
		Dataset: "sst-2", DataFolder: "data/sst-2", Attack: "badnets", Target: 1, Setting: "clean", Ratio: "0.1", Model: "bge-small", ModelFolder: "models/bge-small",
		Architecture: "bert-12x384", Method: "lora", Seed: 43, Device: "cpu", Precision: "float32",
		Hyperparameters: params.Values{params.Epochs: 3, params.LearningRate: 1e-4}, Checksums: map[string]string{"data/train": "ab", "graph/lora": "cd"},
	}
}

func TestCellFolder(t *testing.T) {
	c := exampleCell()
	if got, want := c.Folder("runs"), filepath.Join("runs", "sst-2", "badnets-clean-0.1", "bge-small", "lora", "seed-43-"+c.ID()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Attack, c.Setting, c.Ratio = "unknown", "", ""
	if got, want := c.Folder("runs"), filepath.Join("runs", "sst-2", "unknown", "bge-small", "lora", "seed-43-"+c.ID()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The ID holds everything that changes a cell's numbers, and nothing else.
func TestCellID(t *testing.T) {
	id := exampleCell().ID()
	if len(id) != 10 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("ID %s", id)
	}
	for name, edit := range map[string]func(*Cell){
		"target": func(c *Cell) { c.Target = 0 }, "limit": func(c *Cell) { c.Limit = 5 }, "method": func(c *Cell) { c.Method = "vanilla" },
		"seed": func(c *Cell) { c.Seed = 42 }, "precision": func(c *Cell) { c.Precision = "tf32" }, "device": func(c *Cell) { c.Device = "cuda" },
		"learning rate": func(c *Cell) { c.Hyperparameters = c.Hyperparameters.With(params.Values{params.LearningRate: 2e-4}) },
		"weights":       func(c *Cell) { c.Checksums = map[string]string{"data/train": "ab", "graph/lora": "ce"} },
		"ratio":         func(c *Cell) { c.Ratio = "0.2" },
	} {
		c := exampleCell()
		edit(&c)
		if c.ID() == id {
			t.Errorf("another %s has the same ID", name)
		}
	}
	weighted := exampleCell()
	weighted.Hyperparameters = weighted.Hyperparameters.With(params.Values{params.ClassWeights: params.WeightsNone})
	if weighted.ID() != id {
		t.Error("a hyperparameter that is as before its row existed changes the ID")
	}
	weighted.Hyperparameters = weighted.Hyperparameters.With(params.Values{params.ClassWeights: params.WeightsBalanced})
	if weighted.ID() == id {
		t.Error("weights of the classes do not change the ID")
	}
	moved := exampleCell()
	moved.DataFolder, moved.ModelFolder = "elsewhere", "somewhere"
	if moved.ID() != id {
		t.Error("files that moved change the ID")
	}
}

func TestWhyUnfinished(t *testing.T) {
	folder := t.TempDir()
	if why := WhyUnfinished(filepath.Join(folder, "none")); why != "never begun" {
		t.Error(why)
	}
	if err := os.WriteFile(filepath.Join(folder, configFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if why := WhyUnfinished(folder); why != "interrupted; the same mslora run goes on with it" {
		t.Error(why)
	}
	if err := os.WriteFile(filepath.Join(folder, failureFile), []byte("disk full\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if why := WhyUnfinished(folder); why != "failed: disk full" {
		t.Error(why)
	}
	unlock, err := folderlock.Lock(folder, "training")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if why := WhyUnfinished(folder); why != "another program trains it" {
		t.Error(why)
	}
}
