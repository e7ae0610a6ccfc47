// Package filesum gives the SHA-256 of files. A cache remembers those of files that have not changed since, by size and
// time of modification, because the weights of a model take seconds to read.
package filesum

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mslora/internal/atomicfile"
	"mslora/internal/regular"
)

// variable names the folder of the cache, instead of the user's cache folder.
const variable = "MSLORA_CACHE"

const (
	cacheFile = "checksums.json"
	// mostEntries bounds the cache. A full one is begun anew.
	mostEntries = 10_000
	mostBytes   = 16 << 20
	// settled is how old a file must be for its sum to be kept: one that is still being written can change within the
	// resolution of its time.
	settled = 2 * time.Second
)

// Of gives the SHA-256 of a regular file, in hexadecimal.
func Of(path string) (string, error) {
	file, err := regular.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Cache remembers sums. A zero Cache remembers them only as long as it lives. It is not for several goroutines.
type Cache struct {
	path    string
	entries map[string]entry // by absolute path
	changed bool
}

type entry struct {
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	SHA256   string `json:"sha256"`
}

// Open reads the cache of the folder $MSLORA_CACHE, or of mslora in the user's cache folder. Where there is no such folder,
// or the cache is damaged, it is empty: sums are then made again.
func Open() *Cache {
	folder := os.Getenv(variable)
	if folder == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return &Cache{}
		}
		folder = filepath.Join(base, "mslora")
	}
	c := &Cache{path: filepath.Join(folder, cacheFile)}
	data, err := regular.Read(c.path, mostBytes)
	if err != nil || json.Unmarshal(data, &c.entries) != nil || len(c.entries) > mostEntries {
		c.entries = nil
	}
	return c
}

// Sum gives the SHA-256 of a file.
func (c *Cache) Sum(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	is := entry{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	if known, ok := c.entries[absolute]; ok && known.Size == is.Size && known.Modified == is.Modified {
		return known.SHA256, nil
	}
	if is.SHA256, err = Of(path); err != nil {
		return "", err
	}
	if time.Since(info.ModTime()) < settled {
		return is.SHA256, nil
	}
	if c.entries == nil {
		c.entries = map[string]entry{}
	}
	c.entries[absolute], c.changed = is, true
	return is.SHA256, nil
}

// Forget drops what is known of a file.
func (c *Cache) Forget(path string) {
	if absolute, err := filepath.Abs(path); err == nil {
		delete(c.entries, absolute)
		c.changed = true
	}
}

// Save keeps new sums for later programs, as far as the cache can be written: it only saves time.
func (c *Cache) Save() {
	if !c.changed || c.path == "" {
		return
	}
	if len(c.entries) > mostEntries {
		c.entries = nil
	}
	encoded, err := json.Marshal(c.entries)
	if err != nil {
		return
	}
	err = os.MkdirAll(filepath.Dir(c.path), 0o700)
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = atomicfile.WriteFile(c.path, encoded, 0o600)
	}
	c.changed = err != nil
}
