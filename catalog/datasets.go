package catalog

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"

	"mslora/internal/download"
)

// DataNames are the paper's data sets, which can be named instead of giving a folder.
var DataNames = []string{"sst-2", "hsol", "lingspam", "agnews"}

func isDataset(name string) bool { return slices.Contains(DataNames, name) }

// DataEndpoint is the authors' public release at a fixed commit.
const DataEndpoint = "https://raw.githubusercontent.com/ZrW00/MuScleLoRA/6261253b994a0553793467950c5809c6de392133/poison_data"

//go:embed poison_data.csv
var manifest []byte

// dataFile is one file of a data set of the authors' release. Equal files have the same source.
type dataFile struct {
	dataset string
	path    string // below the data set's folder
	source  string // below DataEndpoint
	size    int64  // 0: not known
	sha256  string // empty: not known
}

// download says what is to come, wherever from. What the release's host tags its files with is not documented to be a
// checksum, so it is not taken for one.
func (f dataFile) download() download.File {
	return download.File{Size: f.size, SHA256: f.sha256, Opaque: true}
}

var dataFiles = mustParseManifest(manifest)

func mustParseManifest(data []byte) (files []dataFile) {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		panic(err)
	}
	for i, r := range records[1:] {
		f := dataFile{dataset: r[0], path: r[1], source: r[2], sha256: r[4]}
		if r[3] != "" {
			if f.size, err = strconv.ParseInt(r[3], 10, 64); err != nil {
				panic(fmt.Sprintf("poison_data.csv: line %d: %v", i+2, err))
			}
		}
		files = append(files, f)
	}
	return files
}

// filesOf gives the files of a data set.
func filesOf(name string) (files []dataFile) {
	for _, f := range dataFiles {
		if f.dataset == name {
			files = append(files, f)
		}
	}
	return files
}

// Unchecked says that no checksums are known of a data set's files.
func Unchecked(name string) bool {
	return slices.ContainsFunc(filesOf(name), func(f dataFile) bool { return f.sha256 == "" })
}
