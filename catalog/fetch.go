package catalog

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"mslora/internal/download"
	"mslora/internal/folderlock"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
)

// FetchOptions say how to fetch.
type FetchOptions struct {
	Endpoint string // address of the model hub or of the release's poison_data; empty: DefaultHub or DataEndpoint
	Offline  bool   // only check what is there
	Force    bool   // replace what FetchModel or FetchDataset put there and is not what it should be
	Client   download.Client
	File     func(name string) // is told of each file before it is downloaded, if not nil
	Replace  func(path string) // is told of each file or folder before it is replaced, if not nil
}

func (o FetchOptions) file(name string) {
	if o.File != nil {
		o.File(name)
	}
}

func (o FetchOptions) replacing(path string) {
	if o.Replace != nil {
		o.Replace(path)
	}
}

// offline says what is missing where nothing may be downloaded.
func (o FetchOptions) offline(folder, what string) error {
	return hint.New("leave --offline out to download it", "%s: there is no %s", folder, what)
}

// address joins an endpoint and a path below it.
func address(endpoint string, path ...string) (string, error) {
	joined, err := url.JoinPath(endpoint, path...)
	if err != nil {
		return "", hint.New("give an address such as https://example.org", "endpoint %s: %w", endpoint, err)
	}
	return joined, nil
}

// get downloads a file to path unless it is there and right.
func (o FetchOptions) get(ctx context.Context, f download.File, path, name string) error {
	if _, err := os.Stat(path); err == nil && download.Verify(path, f) == nil {
		return nil
	}
	o.file(name)
	return o.Client.Fetch(ctx, f, path)
}

// replace puts a complete folder in the place of another of its kind, or of none. stage is a folder beside it that is removed.
func (o FetchOptions) replace(kind ownfolder.Kind, folder, fresh, stage string) error {
	files, err := kind.Check(folder) // once more: a download takes its time
	if err != nil {
		return err
	}
	if len(files) > 0 {
		o.replacing(folder)
	}
	if err := os.Rename(folder, filepath.Join(stage, oldFolder)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, folder); err != nil {
		return err
	}
	return removeStage(stage)
}

// stageFolder is the kind of folder that stageOf names. tools/fetch_model.py leaves the same one.
var stageFolder = ownfolder.Kind{Name: "download", Files: []string{"*.json", "*.safetensors", "vocab.txt", "*.csv", "*.part"}, Folders: []string{freshFolder, oldFolder}}

// Folders of a stage: what is about to appear, and what it takes the place of.
const freshFolder, oldFolder = "fresh", "old"

// removeStage removes a stage with all that the program put there.
func removeStage(stage string) error {
	if err := stageFolder.Clear(stage); err != nil {
		return err
	}
	for _, name := range []string{freshFolder, oldFolder, ownfolder.Marker, folderlock.File} {
		if err := os.RemoveAll(filepath.Join(stage, name)); err != nil {
			return err
		}
	}
	return os.Remove(stage)
}

// stageOf is the folder beside folder where its parts wait until all are there. A later call goes on with them.
func stageOf(folder string) string { return filepath.Clean(folder) + ".part" }

// makeStage makes a stage and locks it.
func makeStage(stage string) (unlock func(), err error) {
	if err := stageFolder.Claim(stage); err != nil {
		return nil, err
	}
	return folderlock.Lock(stage, "fetching into")
}
