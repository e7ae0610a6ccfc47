package eval

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mslora/internal/hint"
)

// Files by which a cell's folder is known: the first is there from its start, the second when it is finished.
const (
	startedFile  = "config.yaml"
	finishedFile = "result.json"
)

// ErrNone means that there are no finished cells.
var ErrNone = errors.New("there are no finished cells")

// ReadResults finds every result.json below the folders, in the order of their paths, each once even if
// folders overlap, and the folders of cells that were started and have no result yet. If there are none of the former the error
// wraps ErrNone.
func ReadResults(folders ...string) (results []Result, unfinished []string, err error) {
	paths, err := Find(folders, func(name string) bool { return name == startedFile || name == finishedFile })
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		if filepath.Base(path) == startedFile {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), finishedFile)); errors.Is(err, fs.ErrNotExist) {
				unfinished = append(unfinished, filepath.Dir(path))
			}
			continue
		}
		r, err := ReadResult(path)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, r)
	}
	switch {
	case len(results) == 0 && len(unfinished) > 0:
		return nil, unfinished, hint.New("the same `mslora run` goes on with them", "%w in %s, and %d unfinished", ErrNone, strings.Join(folders, ", "), len(unfinished))
	case len(results) == 0:
		return nil, nil, hint.New("`mslora run` makes them", "%w in %s", ErrNone, strings.Join(folders, ", "))
	}
	return results, unfinished, nil
}
