package catalog

import (
	"regexp"
	"testing"
)

// A branch would give other weights after its owner's next push.
func TestRevisionsAreCommits(t *testing.T) {
	commit := regexp.MustCompile(`^[0-9a-f]{40}$`)
	seen := map[string]string{}
	for _, m := range Models {
		if !commit.MatchString(m.Revision) {
			t.Errorf("%s: revision %q is no commit", m.Name, m.Revision)
		}
		if other, ok := seen[m.Revision]; ok {
			t.Errorf("%s has the revision of %s", m.Name, other)
		}
		seen[m.Revision] = m.Name
	}
}
