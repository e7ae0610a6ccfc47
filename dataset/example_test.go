package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"

	"mslora/dataset"
)

// Ratings as a shop exports them: other columns are ignored, labels are names.
func ExampleEachNamed() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "ratings.csv")
	if err := os.WriteFile(path, []byte("stars,review,verdict\n5,\"fine, really\",good\n1,dull,bad\n"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	_, err = dataset.EachNamed(path, dataset.Reading{Text: "review", Label: "verdict"}, func(t dataset.NamedText) error {
		fmt.Printf("line %d: %q is %s\n", t.Line, t.Text, t.Label)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// line 2: "fine, really" is good
	// line 3: "dull" is bad
}
