@echo off
rem The terminal behind "Hybrid Connection Manager CLI" in the Start menu.
title Hybrid Connection Manager CLI
set "PATH=%~dp0;%PATH%"
cd /d "%USERPROFILE%"
hcm.exe version
echo.
echo hcm list      the hybrid connections of this machine
echo hcm add       add some, with an Azure account or a connection string
echo hcm help      everything else
echo.
