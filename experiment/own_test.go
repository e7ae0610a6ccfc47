package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mslora/internal/ownfolder"
)

func TestHoldsCell(t *testing.T) {
	const cell = "method: lora\narchitecture: bert-2x36\nchecksums: {data/train: ab}\n"
	for _, test := range []struct {
		name, file, content string
		want                bool
	}{
		{"nothing", "notes", "", false},
		{"a cell's configuration", configFile, cell, true},
		{"another program's configuration", configFile, "method: lora\nepochs: 3\n", false},
		{"no YAML", configFile, "{", false},
		{"another program's result", ResultFile, `{"accuracy": 1}`, false},
		{"a result", ResultFile, `{"schema": 1, "dataset": "a", "attack": "b", "model": "c", "method": "d",
			"scores": {"cacc": {"hits": 1, "texts": 2}, "asr": {"hits": 1, "texts": 2}, "floor": {"hits": 1, "texts": 2}}}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, test.file), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if got := HoldsCell(folder); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A cell is refused if its folder holds what is not a cell's, the others of its plan are not. An output that is an input is
// refused whole.
func TestGuard(t *testing.T) {
	out := t.TempDir()
	cells := []Cell{{Dataset: "a", Attack: "b", Model: "c", Method: "d", Seed: 1}, {Dataset: "a", Attack: "b", Model: "c", Method: "d", Seed: 2}}
	plan := Plan{Cells: cells, Config: Config{Out: out}}
	if held, err := plan.Guard(); err != nil || len(held) > 0 {
		t.Errorf("held %v, error %v", held, err)
	}
	folder := cells[1].Folder(out)
	if err := errors.Join(CellFolder.Claim(folder), os.WriteFile(filepath.Join(folder, configFile), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if held, err := plan.Guard(); err != nil || len(held) != 1 || held[0] != folder {
		t.Errorf("held %v, error %v", held, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := plan.Conflict(cells[1], true); !errors.Is(err, ownfolder.ErrForeign) || !Refused(err) {
		t.Errorf("error %v", err)
	}
	if err := plan.Conflict(cells[0], false); err != nil {
		t.Error(err)
	}
	plan.Cells[0].ModelFolder = out
	if _, err := plan.Guard(); !errors.Is(err, ownfolder.ErrForeign) {
		t.Errorf("error %v", err)
	}
}
