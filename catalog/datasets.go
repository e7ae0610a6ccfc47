package catalog

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
)

// DataNames are the paper's data sets, which can be named instead of giving a folder.
var DataNames = []string{"sst-2", "hsol", "lingspam", "agnews"}

func isDataset(name string) bool { return slices.Contains(DataNames, name) }

// DataEndpoint is the authors' public release at a fixed commit.
const DataEndpoint = "https://raw.githubusercontent.com/ZrW00/MuScleLoRA/6261253b994a0553793467950c5809c6de392133/poison_data"

// releasePage is the release for people.
const releasePage = "https://github.com/ZrW00/MuScleLoRA/tree/main/poison_data"

//go:embed poison_data.csv
var manifest []byte

// dataFile is one file of a data set of the authors' release. Equal files have the same source.
type dataFile struct {
	dataset string
	path    string // below the data set's folder
	source  string // below DataEndpoint
	size    int64
	sha256  string
}

var dataFiles = mustParseManifest(manifest)

func mustParseManifest(data []byte) (files []dataFile) {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		panic(err)
	}
	for i, r := range records[1:] {
		size, err := strconv.ParseInt(r[3], 10, 64)
		if err != nil {
			panic(fmt.Sprintf("poison_data.csv: line %d: %v", i+2, err))
		}
		files = append(files, dataFile{r[0], r[1], r[2], size, r[4]})
	}
	return files
}

// filesOf gives the files of a data set; none are known of hsol.
func filesOf(name string) (files []dataFile) {
	for _, f := range dataFiles {
		if f.dataset == name {
			files = append(files, f)
		}
	}
	return files
}

// howToGetData says how to get a data set.
func howToGetData(name string) string {
	if len(filesOf(name)) == 0 {
		return "take its folder from " + releasePage
	}
	return "`mslora fetch " + name + "` gets it"
}
