package ortrain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

// widen gives 16-bit weights as a float32 file, which ONNX Runtime's CPU provider needs. The file is made once
// and kept in WidenedFolder under the checksum of the weights, so it is found again wherever they lie; a broken
// one is made anew. Float32 holds every 16-bit float exactly.
func widen(weights *safetensors.File) (*safetensors.File, error) {
	folder, err := WidenedFolder()
	if err != nil {
		return nil, err
	}
	sum, err := checksum(weights.Files())
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, sum+".safetensors")
	if widened, err := openWidened(path, weights); err == nil {
		return widened, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, hint.New("name another folder with MSLORA_CACHE", "there is no place for the float32 form of %s: %w", weights.Path, err)
	}
	if err := weights.Widen(path, map[string]string{"format": "pt", "source": sum}); err != nil {
		return nil, err
	}
	return openWidened(path, weights)
}

// WidenedFolder is where float32 forms of 16-bit weights are kept: $MSLORA_CACHE/float32, else the same in the
// user's cache folder. It may be removed at any time; what is needed is made again.
func WidenedFolder() (string, error) {
	cache := os.Getenv("MSLORA_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", hint.New("name a folder with MSLORA_CACHE", "there is no cache folder: %w", err)
		}
		cache = filepath.Join(user, "mslora")
	}
	return filepath.Join(cache, "float32"), nil
}

// openWidened opens a float32 form if it has every tensor of the weights.
func openWidened(path string, weights *safetensors.File) (*safetensors.File, error) {
	widened, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	for _, name := range weights.Names() {
		if tensor, _ := weights.Tensor(name); !safetensors.IsFloat(tensor.DType) {
			continue
		}
		if _, ok := widened.Tensor(name); !ok {
			widened.Close()
			return nil, fmt.Errorf("%s lacks tensor %s", path, name)
		}
	}
	return widened, nil
}

// checksum is the SHA-256 of the contents of files, one after the other, in hex.
func checksum(paths []string) (string, error) {
	hash := sha256.New()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, file)
		file.Close()
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
