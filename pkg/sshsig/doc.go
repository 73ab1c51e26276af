// Package sshsig owns SSH signatures over a text: the format of `ssh-keygen -Y sign`, made with a key or through an agent, and looked at
// without either. It reads no file, no environment and no clock, asks nobody, and never decides whose signature is wanted.
package sshsig
