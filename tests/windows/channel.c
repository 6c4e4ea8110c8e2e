/* What a window does with the service's local channel, for a script: the bytes of standard input go
 * into the named pipe, and what comes out of it to standard output. For tests: it is never shipped.
 * channel.exe \\.\pipe\NAME */
#include <stdio.h>
#include <windows.h>

static HANDLE pipe;

/* Reads from or writes to the pipe; both happen at once. */
static DWORD transfer(BOOL reads, char *bytes, DWORD length)
{
    OVERLAPPED state = {0};
    DWORD done = 0;
    state.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    if ((reads ? ReadFile(pipe, bytes, length, NULL, &state) : WriteFile(pipe, bytes, length, NULL, &state)) ||
        GetLastError() == ERROR_IO_PENDING)
        GetOverlappedResult(pipe, &state, &done, TRUE);
    CloseHandle(state.hEvent);
    return done;
}

static DWORD WINAPI send_all(void *unused)
{
    char bytes[4096];
    DWORD length;
    (void)unused;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), bytes, sizeof bytes, &length, NULL) && length > 0)
        if (transfer(FALSE, bytes, length) == 0)
            break;
    ExitProcess(0);
}

int main(int count, char **arguments)
{
    char bytes[65536];
    DWORD length, written;
    if (count != 2)
        return 2;
    pipe = CreateFileA(arguments[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        return 1;
    CreateThread(NULL, 0, send_all, NULL, 0, NULL);
    while ((length = transfer(TRUE, bytes, sizeof bytes)) > 0)
        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, length, &written, NULL))
            break;
    return 0;
}
