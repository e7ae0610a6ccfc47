package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"mslora/eval"
	"mslora/internal/atomicfile"
	"mslora/internal/folderlock"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
	"mslora/internal/regular"
)

// Files of a cell's folder, beside ortrain.BestFile and, while it trains, its checkpoint.
const (
	configFile      = "config.yaml"
	metricsFile     = "metrics.jsonl"
	PurifiedFile    = "purified.csv"  // what a purifier said of each training text
	attackedFile    = "attacked.json" // and of the labels
	predictionsFile = "predictions.csv"
	failureFile     = "failure.txt"
	ResultFile      = "result.json"
)

// ErrConflict tells of a cell's folder that holds another cell.
var ErrConflict = errors.New("the folder is another cell's")

// conflict is ErrConflict with a message of its own.
type conflict struct{ message string }

func (c conflict) Error() string { return c.message }

func (conflict) Is(target error) bool { return target == ErrConflict }

func conflictf(advice, format string, values ...any) error {
	return hint.New(advice, "%w", conflict{fmt.Sprintf(format, values...)})
}

// State is how far a cell is.
type State string

const (
	Finished State = "finished"
	Running  State = "running" // another program has it
	Failed   State = "failed"
	Missing  State = "missing" // not begun, or interrupted: it goes on where it stopped
)

// Folder is where a cell's files go.
func (p *Plan) Folder(cell Cell) string {
	if p.single != nil {
		return p.Config.Out
	}
	return cell.Folder(p.Config.Out)
}

// Finished tells whether the cell has a result.
func (p *Plan) Finished(cell Cell) bool { return HasResult(p.Folder(cell)) }

// HasResult tells whether a cell's folder is that of a finished one.
func HasResult(folder string) bool { return exists(filepath.Join(folder, ResultFile)) }

// State tells how far a cell is. Of a failed one it gives the error.
func (p *Plan) State(cell Cell) (state State, failure string) {
	if p.Finished(cell) {
		return Finished, ""
	}
	return unfinished(p.Folder(cell))
}

// unfinished tells how far a cell without a result is.
func unfinished(folder string) (state State, failure string) {
	if folderlock.Held(folder) {
		return Running, ""
	}
	const longest = 1 << 20
	if text, err := regular.Read(filepath.Join(folder, failureFile), longest); err == nil {
		return Failed, string(bytes.TrimSpace(text))
	}
	return Missing, ""
}

// WhyUnfinished says in a line why a cell's folder has no result.
func WhyUnfinished(folder string) string {
	switch state, failure := unfinished(folder); state {
	case Running:
		return "another program trains it"
	case Failed:
		return "failed: " + failure
	}
	if !exists(filepath.Join(folder, configFile)) {
		return "never begun"
	}
	return "interrupted; the same mslora run goes on with it"
}

// Refused tells whether a cell has no result because its folder holds what is not its own.
func Refused(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ownfolder.ErrForeign)
}

// Conflict tells whether the cell's folder holds something else than this cell: another cell, or files that no cell leaves.
// The error is one that Refused tells. With force another cell is none: it is replaced.
func (p *Plan) Conflict(cell Cell, force bool) error {
	folder := p.Folder(cell)
	if err := p.oldFolder(cell); err != nil {
		return err
	}
	if _, err := CellFolder.Check(folder); err != nil {
		return err
	}
	if force {
		return nil
	}
	present, err := ReadCell(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if present.Precision == "" {
		return conflictf("give another --out, or --force to train it again", "%s was made by version 0.1.0, which did not record every setting", folder)
	}
	was, err := yaml.Marshal(present.identity())
	if err != nil {
		return err
	}
	is, err := yaml.Marshal(cell.identity())
	if err != nil {
		return err
	}
	if !bytes.Equal(was, is) {
		return conflictf("give another --out, or --force to train it again", "%s was made with another configuration: %s", folder, firstDifference(was, is))
	}
	if p.Finished(cell) {
		_, err = eval.ReadResult(filepath.Join(folder, ResultFile))
	}
	return err
}

// oldFolder refuses to train beside a cell of version 0.1.0, whose folder's name does not tell its settings.
func (p *Plan) oldFolder(cell Cell) error {
	if p.single != nil {
		return nil
	}
	old := filepath.Join(cell.group(p.Config.Out), fmt.Sprintf("seed-%d", cell.Seed))
	if exists(filepath.Join(old, configFile)) {
		return conflictf("give another --out; `mslora table` still reads it", "%s is a cell of version 0.1.0, whose folders do not tell settings apart", old)
	}
	return nil
}

// claim records the cell's configuration in its folder, and removes what tells of an earlier failure.
func (p *Plan) claim(cell Cell) error {
	if err := p.Conflict(cell, false); err != nil {
		return err
	}
	folder := p.Folder(cell)
	if err := os.Remove(filepath.Join(folder, failureFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	path := filepath.Join(folder, configFile)
	if exists(path) {
		return nil
	}
	text, err := yaml.Marshal(cell)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, text, 0o644)
}

// fail records why a cell has no result. What keeps it from being written does not hide the error itself.
func (p *Plan) fail(cell Cell, err error) {
	atomicfile.WriteFile(filepath.Join(p.Folder(cell), failureFile), []byte(err.Error()+"\n"), 0o644)
}

// firstDifference names the first line in which two YAML texts differ.
func firstDifference(present, wanted []byte) string {
	was, is := bytes.Split(present, []byte("\n")), bytes.Split(wanted, []byte("\n"))
	for i := range min(len(was), len(is)) {
		if !bytes.Equal(was[i], is[i]) {
			return fmt.Sprintf("%q there, %q now", bytes.TrimSpace(was[i]), bytes.TrimSpace(is[i]))
		}
	}
	return "one of them is longer"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
