package download

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"

	"mslora/internal/hint"
)

// Verify checks a file's size, if it is known, and its SHA-256.
func Verify(path string, f File) error { return verify(path, f, f.SHA256) }

// stated gives the checksum that a model hub states for a file: the SHA-256 of large files, which their redirect carries,
// or the SHA-1 that Git gives small ones. It is empty where the server states neither.
func stated(answer *http.Response) string {
	for r := answer; r != nil; r = r.Request.Response { // from the last answer back over the redirects
		for _, header := range []string{"X-Linked-Etag", "Etag"} {
			tag := strings.Trim(strings.TrimPrefix(r.Header.Get(header), "W/"), `"`)
			if _, err := hex.DecodeString(tag); err == nil && (len(tag) == 2*sha256.Size || len(tag) == 2*sha1.Size) {
				return tag
			}
		}
	}
	return ""
}

// verify checks a file's size and its checksum, a SHA-256 or Git's SHA-1 of a blob; an empty one fits any file.
func verify(path string, f File, sum string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if f.Size > 0 && info.Size() != f.Size {
		return hint.New("the file was replaced or cut off", "%s: %d bytes, expected %d", source(path, f), info.Size(), f.Size)
	}
	if sum == "" {
		return nil
	}
	var digest hash.Hash
	name := "SHA-256"
	if digest = sha256.New(); len(sum) == 2*sha1.Size {
		name, digest = "Git's SHA-1", sha1.New()
		fmt.Fprintf(digest, "blob %d\x00", info.Size())
	}
	if _, err := io.Copy(digest, file); err != nil {
		return err
	}
	if actual := hex.EncodeToString(digest.Sum(nil)); actual != strings.ToLower(sum) {
		return hint.New("it is damaged, or was replaced at its source; run the same command again",
			"%s: its %s is %s, expected %s", source(path, f), name, actual, sum)
	}
	return nil
}

// source names what a message is about: the address, if there is one.
func source(path string, f File) string {
	if f.URL != "" {
		return f.URL
	}
	return path
}
