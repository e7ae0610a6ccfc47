package poison

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"mslora/dataset"
	"mslora/internal/ownfolder"
)

// SetFolder is the kind of folder that sets are written to: TARGET/ATTACK/SETTING/RATIO below it.
var SetFolder = ownfolder.Kind{
	Name: "poisoned sets",
	Files: []string{
		"[0-9]*/*/train-clean.csv", "[0-9]*/*/train-poison.csv", "[0-9]*/*/dev-clean.csv", "[0-9]*/*/dev-poison.csv",
		"[0-9]*/*/test-clean.csv", "[0-9]*/*/test-poison.csv", "[0-9]*/*/*/*/train-poison.csv", "[0-9]*/*/*/*/" + recordFile, "[0-9]*/*/" + dataset.RejectedFile,
	},
	Recognise: holdsRecords,
}

// holdsRecords tells whether each attack's folder has a record that this program wrote, as in sets of versions that left
// no marker.
func holdsRecords(dir string) bool {
	attacks, _ := filepath.Glob(filepath.Join(dir, "[0-9]*", "*"))
	for _, attack := range attacks {
		records, _ := filepath.Glob(filepath.Join(attack, "*", "*", recordFile))
		if len(records) == 0 || !isRecord(records[0]) {
			return false
		}
	}
	return len(attacks) > 0
}

func isRecord(path string) bool {
	data, err := os.ReadFile(path)
	var record Record
	return err == nil && json.Unmarshal(data, &record) == nil && strings.HasPrefix(record.Program, "mslora ") && len(record.Files) > 0
}
