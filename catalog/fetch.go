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
)

// FetchOptions say how to fetch.
type FetchOptions struct {
	Endpoint string // address of the model hub or of the release's poison_data; empty: DefaultHub or DataEndpoint
	Offline  bool   // only check what is there
	Force    bool   // replace what is there and is not what it should be
	Client   download.Client
	File     func(name string) // is told of each file before it is downloaded, if not nil
}

func (o FetchOptions) file(name string) {
	if o.File != nil {
		o.File(name)
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

// replace puts a complete folder in the place of another, or of none. stage is a folder beside it that is removed.
func replace(folder, fresh, stage string) error {
	if err := os.Rename(folder, filepath.Join(stage, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, folder); err != nil {
		return err
	}
	return os.RemoveAll(stage)
}

// stageOf is the folder beside folder where its parts wait until all are there. A later call goes on with them.
func stageOf(folder string) string { return filepath.Clean(folder) + ".part" }

// makeStage makes a stage and locks it.
func makeStage(stage string) (unlock func(), err error) {
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return nil, err
	}
	return folderlock.Lock(stage, "fetching into")
}
