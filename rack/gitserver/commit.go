package gitserver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Commit changes files, by their path in the repository, and moves the branch; a file without content, nil, is removed.
// It returns the commit's hash.
func (s *Server) Commit(ctx context.Context, message string, files map[string][]byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes strings.Builder
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if files[path] == nil {
			fmt.Fprintf(&changes, "0 %040d\t%s\n", 0, path)
			continue
		}
		blob, err := s.run(ctx, files[path], "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&changes, "100644 %s\t%s\n", blob, path)
	}
	if _, err := s.run(ctx, []byte(changes.String()), "update-index", "--index-info"); err != nil {
		return "", err
	}
	return s.commit(ctx, message)
}

// Head is the hash of the branch's last commit.
func (s *Server) Head(ctx context.Context) (string, error) {
	return s.run(ctx, nil, "rev-parse", s.branch())
}

// Read is the content of a file in the last commit.
func (s *Server) Read(ctx context.Context, path string) ([]byte, error) {
	content, err := s.run(ctx, nil, "cat-file", "blob", s.branch()+":"+path)
	return []byte(content + "\n"), err
}

func (s *Server) branch() string { return "refs/heads/" + s.opts.Branch }

// commit makes a commit of the index.
func (s *Server) commit(ctx context.Context, message string) (string, error) {
	tree, err := s.run(ctx, nil, "write-tree")
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree, "-m", message}
	if parent, err := s.Head(ctx); err == nil { // the first commit has none
		args = append(args, "-p", parent)
	}
	hash, err := s.run(ctx, nil, args...)
	if err != nil {
		return "", err
	}
	_, err = s.run(ctx, nil, "update-ref", s.branch(), hash)
	return hash, err
}
