// Package audit ranks training texts by how suspicious they are, after training: by what a clean classifier thinks
// of them, and by the words and phrases in them that move a vanilla model but not the clean one. docs/audit.md
// describes the method.
package audit
