package experiment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mslora/internal/folderlock"
	"mslora/ortrain"
	"mslora/params"
)

// A cell that another program trains is passed over, waited for, and its result taken or made.
func TestRunGridPassesLockedCellsOver(t *testing.T) {
	config := tiny(t)
	config.Seeds = []uint64{1, 2, 3}
	plan := openPlan(t, config)
	first := plan.Folder(plan.Cells[0])
	if err := CellFolder.Claim(first); err != nil {
		t.Fatal(err)
	}
	unlock, err := folderlock.Lock(first, "training")
	if err != nil {
		t.Fatal(err)
	}
	if state, _ := plan.State(plan.Cells[0]); state != Running {
		t.Errorf("a locked cell is %s", state)
	}
	var order []int
	waited := 0
	outcomes, err := plan.RunGrid(context.Background(), GridOptions{
		Pause: time.Millisecond,
		End:   func(index int, _ Outcome) { order = append(order, index) },
		Wait: func(cells int) {
			if waited++; waited == 1 {
				unlock() // the other program was killed
			}
			if cells != 1 {
				t.Errorf("%d cells are waited for", cells)
			}
		},
	})
	if err != nil || waited != 1 || len(order) != 3 || order[0] != 1 || order[2] != 0 {
		t.Errorf("order %v, waited %d times, error %v", order, waited, err)
	}
	for _, o := range outcomes {
		if state, _ := plan.State(o.Cell); o.Err != nil || state != Finished {
			t.Errorf("%s is %s, error %v", o.Cell, state, o.Err)
		}
	}
}

// failing is a hook that fails in the cells of one seed.
type failing struct {
	ortrain.NoHook
	fail bool
}

func (f failing) Step(context.Context, *ortrain.Run, ortrain.StepRecord) error {
	if f.fail {
		return errors.New("no more")
	}
	return nil
}

// A cell that fails, and one whose folder holds something else, do not end the grid.
func TestRunGridGoesOn(t *testing.T) {
	config := tiny(t)
	config.Seeds = []uint64{1, 2, 3}
	plan := openPlan(t, config)
	strange := plan.Folder(plan.Cells[1])
	if err := errors.Join(CellFolder.Claim(strange), os.WriteFile(filepath.Join(strange, "notes"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	options := GridOptions{Begin: func(index int, _ Cell) []ortrain.Hook { return []ortrain.Hook{failing{fail: index == 0}} }}
	outcomes, err := plan.RunGrid(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes[0].Err; got == nil || got.Error() != "step 1: no more" || Refused(got) {
		t.Errorf("error %v", got)
	}
	if state, failure := plan.State(plan.Cells[0]); state != Failed || failure != "step 1: no more" {
		t.Errorf("state %s: %s", state, failure)
	}
	if got := outcomes[1].Err; !Refused(got) || !strings.Contains(got.Error(), "notes is not a file that mslora made") {
		t.Errorf("error %v", got)
	}
	if outcomes[2].Err != nil || outcomes[2].Result.Cell != plan.Cells[2].ID() {
		t.Errorf("result of %s, error %v", outcomes[2].Result.Cell, outcomes[2].Err)
	}
	// What failed runs again, and is no failure then.
	if _, err := plan.Run(context.Background(), plan.Cells[0], false); err != nil {
		t.Error(err)
	}
	if state, _ := plan.State(plan.Cells[0]); state != Finished {
		t.Errorf("state %s", state)
	}
}

// Listing reads no texts, and no file twice: a damaged row is found by a plan, not by a list.
func TestNewGridIsCheap(t *testing.T) {
	config := tiny(t)
	path := filepath.Join(config.Data[0], "train.csv")
	if err := os.WriteFile(path, []byte("text,label\ngood,1\nbad,maybe\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	grid, err := NewGrid(config)
	if err != nil {
		t.Fatal(err)
	}
	defer grid.Close()
	if _, err := NewPlan(config); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("error %v", err)
	}
	// The checksum comes from the cache as long as size and time are the same; a plan, which reads the file, finds it out.
	if err := os.WriteFile(path, []byte("text,label\ngood,1\nbad,0    \n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	again, err := NewGrid(config)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Cells[0].ID() != grid.Cells[0].ID() {
		t.Error("the checksum was made again")
	}
	if _, err := NewPlan(config); err == nil || !strings.Contains(err.Error(), "has changed since it was read last") {
		t.Errorf("error %v", err)
	}
	plan := openPlan(t, config)
	if plan.Cells[0].ID() == grid.Cells[0].ID() {
		t.Error("changed data have the same cell")
	}
}

// What memory cannot hold is refused before anything is trained, whatever the model.
func TestPlanChecksMemory(t *testing.T) {
	config := tiny(t)
	config.Methods, config.Hyperparameters = []string{"lora"}, Axes{params.LoRARank: {16_384}, params.BatchSize: {8}}
	plan := openPlan(t, config)
	if _, err := plan.checkCell(plan.Cells[0], 1<<20); err == nil || !strings.Contains(err.Error(), "lora_rank 16384 needs ") {
		t.Errorf("error %v", err)
	}
}
